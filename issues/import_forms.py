"""What is sent while a file of issues is imported: the file, its columns, what to do with some of its rows."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext_lazy as _

from issues import columns, csv_files, imports

EXTENSIONS = ("csv", "tsv", "txt")
SAMPLE = 40  # characters of a cell that stand beside the name of its column


class FileForm(forms.Form):
    """A CSV file, or its text."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        allow_empty_file=True,
        validators=[
            FileExtensionValidator(
                EXTENSIONS, _("Choose a file whose name ends in .csv, .tsv or .txt. Nothing was added.")
            )
        ],
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    text = forms.CharField(
        label=_("Or paste its text"),
        required=False,
        strip=False,
        help_text=_("The first row names the columns. You can copy rows from a spreadsheet, too."),
        widget=forms.Textarea({"rows": 6, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        name = "file" if cleaned.get("file") else "text"
        try:
            cleaned["content"] = (
                csv_files.decoded(cleaned["file"].read()) if name == "file" else cleaned["text"]
            )
            cleaned["table"] = csv_files.read(cleaned["content"])
        except csv_files.BadFile as bad:
            self.add_error(name, imports.reason(bad))
        return cleaned


class ColumnsForm(forms.Form):
    """For each field of an issue the column that holds it, or none. `chosen` is there once the form is valid."""

    def __init__(self, table: csv_files.Table, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=columns.guessed(table.columns))
        choices = [("", _("(not in the file)")), *((name, _shown(table, name)) for name in table.columns)]
        for name in columns.FIELDS:
            self.fields[name] = forms.ChoiceField(
                label=imports.FIELD_NAMES[name],
                choices=choices,
                required=False,
                error_messages={"invalid_choice": _("Choose one of the columns.")},
            )
        self.fields["key"].help_text = _("Its name elsewhere: PAY-12.")
        self.fields["sprint"].help_text = _(
            "Of several columns with one name the last that is filled in counts."
        )
        self.fields["estimate"].help_text = _("Issues with an estimate count as estimated by you.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        problem = "" if self.errors else imports.missing_choice(self.chosen)
        if problem:
            self.add_error("title" if "title" not in self.chosen else None, ValidationError(problem))
        return cleaned

    @property
    def chosen(self) -> columns.Columns:
        return {name: column for name, column in self.cleaned_data.items() if column}


class RowsForm(forms.Form):
    """What becomes of rows with something wrong, and of those that the group has already."""

    wrong = forms.ChoiceField(
        label=_("Rows with something wrong"),
        choices=[
            ("none", _("Import nothing while there are any")),
            ("skip", _("Skip them and import the others")),
        ],
        initial="none",
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one of the two."),
            "invalid_choice": _("Choose one of the two."),
        },
    )
    known = forms.ChoiceField(
        label=_("Issues that the group has already, by their keys"),
        choices=[
            ("skip", _("Leave them as they are")),
            ("update", _("Update them with what is in the file")),
        ],
        initial="skip",
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose one of the two."),
            "invalid_choice": _("Choose one of the two."),
        },
    )


def _shown(table: csv_files.Table, column: str) -> str:
    """The column with the first thing that stands in it."""
    cells = (
        cells[place] for _number, cells in table.rows for place in table.places(column) if place < len(cells)
    )
    sample = next((" ".join(cell.split()) for cell in cells if cell.strip()), "")
    short = f"{sample[:SAMPLE]}…" if len(sample) > SAMPLE else sample
    return f"{column}: {short}" if short else column
