"""What the admin's import and export of issues have of their own: formats, limits, and where the file waits."""

from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from import_export import forms, tmp_storages
from import_export.formats import base_formats

from issues import csv_files, imports

NEEDED = ("group", "title")  # columns without which no row becomes an issue


class CSV(base_formats.CSV):  # type: ignore[misc]
    """CSV as the pages of a group read and write it: no cell that a spreadsheet would run."""

    def is_binary(self) -> bool:
        return True  # which encoding it is, csv_files finds out

    def create_dataset(self, text: str, **_options: Any) -> tablib.Dataset:
        table = csv_files.read(text)
        width = len(table.header)
        rows = [[*cells[:width], *[""] * (width - len(cells))] for _number, cells in table.rows]
        return tablib.Dataset(*rows, headers=list(table.header))

    def export_data(self, dataset: tablib.Dataset, **_options: Any) -> bytes:
        rows = [["" if cell is None else str(cell) for cell in row] for row in dataset]
        return csv_files.written(dataset.headers or [], rows).encode("utf-8-sig")


class JSON(base_formats.JSON):  # type: ignore[misc]
    """JSON, every value as it is."""


class InTheForm(tmp_storages.BaseStorage):  # type: ignore[misc]
    """The file waits in the page that asks whether to import it: no other process has to find it again."""

    def save(self, data: bytes) -> None:
        self.name = csv_files.packed(csv_files.decoded(data))

    def read(self) -> str:
        return csv_files.unpacked(self.name)

    def remove(self) -> None:
        """There is nothing to clear away."""


class ImportForm(forms.ImportForm):  # type: ignore[misc]
    """A CSV file within the limits of the pages."""

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        try:
            table = csv_files.read(csv_files.decoded(file.read()))
        except csv_files.BadFile as bad:
            raise ValidationError(imports.reason(bad)) from None
        file.seek(0)
        missing = [name for name in NEEDED if name not in table.columns]
        if missing:
            raise ValidationError(
                _("There is no column “%(name)s”. The first row has to name at least group and title."),
                params={"name": missing[0]},
            )
        return file


class ConfirmForm(forms.ConfirmImportForm):  # type: ignore[misc]
    """Whether to import the file that waits in the form."""

    def clean_import_file_name(self) -> str:
        text: str = self.cleaned_data["import_file_name"]
        try:
            csv_files.read(csv_files.unpacked(text))
        except csv_files.BadFile as bad:
            raise ValidationError(imports.reason(bad)) from None
        return text

    def clean_format(self) -> str:
        return "0"  # there is one

    def clean_resource(self) -> str:
        return "0"  # the same
