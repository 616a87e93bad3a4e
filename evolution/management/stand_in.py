"""Another class in the place of one that a command of Django's names, and offers no other way to choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def stand_in(module: ModuleType, name: str, other: Any) -> Iterator[None]:
    """Let `module` find `other` under `name` meanwhile."""
    own = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, own)
