"""Issues into a group from a CSV file, and out of it as CSV or JSON.

An import has three pages at one address: the file, its columns, and what would become of its rows. From page to page
the browser sends the text of the file again (see `csv_files`), and each page reads it anew.
"""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from groups.access import Access, Permission, group_view
from issues import backlog, csv_files, exports, imports
from issues.import_forms import ColumnsForm, FileForm, RowsForm
from users.models import User
from users.submissions import once

ROWS_SHOWN = 10  # of those that would become issues
PROBLEMS_SHOWN = 25
LATER_STEPS = {"columns", "preview", "import"}  # that come with the text of a file


@require_safe
@group_view(Permission.VIEW)
def issue_export(request: HttpRequest, access: Access) -> HttpResponse:
    """The issues as a file: `format` is csv or json, `show` one of exports.SHOWN."""
    file_format, show = request.GET.get("format", "csv"), request.GET.get("show", "all")
    if file_format not in exports.CONTENT_TYPES or show not in exports.SHOWN:
        sentence = _(
            "There is no such export: format is csv or json, and show to-estimate, estimated, all or archived."
        )
        return HttpResponseBadRequest(f"{sentence}\n", content_type="text/plain; charset=utf-8")
    file = exports.text(access.group, file_format, show)
    response = HttpResponse(file, content_type=exports.CONTENT_TYPES[file_format])
    response["Content-Disposition"] = f'attachment; filename="{exports.filename(access.group, file_format)}"'
    return response


@group_view(Permission.FACILITATE)
def issue_import(request: HttpRequest, access: Access) -> HttpResponse:
    """The pages of an import; `step` is what was sent."""
    if access.group.is_archived:
        return _archived(request, access)
    if request.method != "POST":
        return _file_page(request, access, FileForm())
    step = request.POST.get("step", "")
    return _go_on(request, access, step) if step in LATER_STEPS else _read_file(request, access)


def _read_file(request: HttpRequest, access: Access) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _file_page(request, access, form)
    return _columns_page(
        request, access, form.cleaned_data["content"], ColumnsForm(form.cleaned_data["table"])
    )


def _go_on(request: HttpRequest, access: Access, step: str) -> HttpResponse:
    """What follows once there is a file."""
    try:
        text = csv_files.unpacked(request.POST.get("packed", ""))
        table = csv_files.read(text)
    except csv_files.BadFile as bad:
        form = FileForm({})
        form.add_error("file", imports.reason(bad))
        return _file_page(request, access, form)
    columns_form = ColumnsForm(table, request.POST)
    if step == "columns" or not columns_form.is_valid():
        return _columns_page(request, access, text, columns_form)
    if step == "import":
        return _import(request, access, text, table, columns_form)
    rows_form = RowsForm()
    return _preview_page(request, access, text, table, columns_form, rows_form)


def _import(
    request: HttpRequest, access: Access, text: str, table: csv_files.Table, form: ColumnsForm
) -> HttpResponse:
    rows_form = RowsForm(request.POST)
    if not rows_form.is_valid():
        return _preview_page(request, access, text, table, form, rows_form)
    done: list[imports.Outcome] = []

    def work(user: User) -> int:
        done.append(
            imports.carry_out(
                access.group,
                table,
                form.chosen,
                user,
                skip_wrong=rows_form.cleaned_data["wrong"] == "skip",
                update_known=rows_form.cleaned_data["known"] == "update",
            )
        )
        return done[0].added

    try:
        once(request, work)
    except imports.RowsWrong:
        rows_form.add_error(
            "wrong",
            _("Nothing was imported. Choose to skip the rows below, or mend the file and begin again."),
        )
        return _preview_page(request, access, text, table, form, rows_form)
    except backlog.GroupArchived:
        return _archived(request, access)
    if done:
        messages.success(request, _told(done[0]))
    response = redirect("issues:issue-list", access.group.pk)
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _archived(request: HttpRequest, access: Access) -> HttpResponse:
    messages.error(request, _("This group is archived. Nothing was changed."))
    return redirect("issues:issue-list", access.group.pk)


def _told(outcome: imports.Outcome) -> str:
    """What an import did, in a sentence for each thing that it did."""
    count = outcome.added
    sentences = [
        ngettext("%(count)d issue was added.", "%(count)d issues were added.", count) % {"count": count}
    ]
    if count := outcome.updated:
        sentences.append(
            ngettext("%(count)d was updated.", "%(count)d were updated.", count) % {"count": count}
        )
    if count := outcome.left:
        sentences.append(
            ngettext("%(count)d was left as it is.", "%(count)d were left as they are.", count)
            % {"count": count}
        )
    if count := outcome.wrong:
        sentences.append(
            ngettext("%(count)d row was skipped.", "%(count)d rows were skipped.", count) % {"count": count}
        )
    return " ".join(sentences)


# --- The three pages


def _file_page(request: HttpRequest, access: Access, form: FileForm) -> HttpResponse:
    return _page(request, access, "issues/import_file.html", form=form)


def _columns_page(request: HttpRequest, access: Access, text: str, form: ColumnsForm) -> HttpResponse:
    return _page(request, access, "issues/import_columns.html", form=form, packed=csv_files.packed(text))


def _preview_page(
    request: HttpRequest,
    access: Access,
    text: str,
    table: csv_files.Table,
    columns_form: ColumnsForm,
    form: RowsForm,
) -> HttpResponse:
    plan = imports.plan(access.group, table, columns_form.chosen)
    return _page(
        request,
        access,
        "issues/import_preview.html",
        form=form,
        columns_form=columns_form,
        packed=csv_files.packed(text),
        new=plan.new[:ROWS_SHOWN],
        new_count=len(plan.new),
        new_more=max(0, len(plan.new) - ROWS_SHOWN),
        known=plan.known[:ROWS_SHOWN],
        known_count=len(plan.known),
        known_more=max(0, len(plan.known) - ROWS_SHOWN),
        problems=plan.problems[:PROBLEMS_SHOWN],
        problems_more=max(0, len(plan.problems) - PROBLEMS_SHOWN),
        bad_rows=plan.reading.bad_rows,
    )


def _page(request: HttpRequest, access: Access, template: str, **context: object) -> HttpResponse:
    context |= {"access": access, "group": access.group}
    return render(request, template, context)
