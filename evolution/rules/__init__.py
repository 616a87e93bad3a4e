"""The checks of a migration plan: a rule for each hazard, see docs/evolution.md.

`check_plan` asks the rules about a plan, `check_files` compares checksums of applied migrations with their files,
`walk` goes through a plan step by step.
"""

from evolution.rules import data_steps, found_out, losses, names, renames, rows, servers  # noqa: F401 - they register rules
from evolution.rules.files import check_files, same_as
from evolution.rules.plan import BIG, check_plan, walk
from evolution.rules.sources import is_own, source_checksum

__all__ = ["BIG", "check_files", "check_plan", "is_own", "same_as", "source_checksum", "walk"]
