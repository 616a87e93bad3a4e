"""How `--help` writes what stands below the options."""

from argparse import RawDescriptionHelpFormatter

from django.core.management.base import DjangoHelpFormatter


class LinesKept(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Django's, which keeps the lines of the epilog as they are."""
