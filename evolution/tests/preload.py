"""Loads what the processes of `forked` have in common: libraries, as far as they can do without settings."""

import importlib
import os

os.environ.pop("DJANGO_SETTINGS_MODULE", None)
for name in os.environ.pop("EVOLUTION_TESTS_PRELOAD", "").split():
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 - needs settings or models: each process loads it for itself
        continue
