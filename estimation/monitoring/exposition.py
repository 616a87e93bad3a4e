"""What Prometheus is answered: all metrics of this process, in its text format."""

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import generate_latest

from estimation.monitoring.metrics import REGISTRY
from estimation.monitoring.safekeeping import Safekeeping

__all__ = ["CONTENT_TYPE", "text"]

REGISTRY.register(Safekeeping())


def text() -> bytes:
    """The metrics now. Asks the database; where that does not answer, what it would have told is left out."""
    return generate_latest(REGISTRY)
