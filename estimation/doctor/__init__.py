"""What `manage.py doctor` looks at: everything around the code that can be set wrong, or has been left undone.

It changes nothing, and no finding tells a secret.
"""

from estimation.doctor.examination import examine
from estimation.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examine"]
