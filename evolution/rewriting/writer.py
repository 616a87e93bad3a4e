"""Migration files with functions of their own and accepted findings, neither of which Django's writer knows."""

from django.db.migrations.writer import MigrationWriter

from evolution.rewriting.data_step import DataStep
from evolution.rules.acceptance import accepted_by

HEAD = "\n\nclass Migration(migrations.Migration):\n"


class Writer(MigrationWriter):
    """Django's, with what is ours put in before and after the line of the class."""

    def as_string(self) -> str:
        """The text of the file."""
        before, head, after = super().as_string().partition(HEAD)
        functions = self.migration.functions if isinstance(self.migration, DataStep) else ""
        accepted = [
            f"        {self.serialize(code)[0]}: {self.serialize(reason)[0]},\n"
            for code, reason in accepted_by(self.migration).items()
        ]
        lines = f"\n    accepted = {{\n{''.join(accepted)}    }}\n" if accepted else ""
        return before + functions + head + lines + after
