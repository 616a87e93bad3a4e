"""Faults under the load of teams that estimate, which `make faulttest` runs, and no other task: they take minutes."""

import os
import sys

from django.conf import settings

sys.path.append(str(settings.BASE_DIR / "scripts"))

collect_ignore_glob = [] if os.environ.get("FAULTS") else ["test_*.py"]
