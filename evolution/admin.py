"""What was done to the database, for staff to read: runs, the journal's statements, backups. Nothing can be changed."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connections, models, router
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from evolution import backups, history
from evolution.backups.archive import in_words
from evolution.conf import configuration
from evolution.models import ArchiveEntry, Run, Statement

FIELDS = (
    "command",
    "outcome",
    "error_text",
    "reason",
    "started_at",
    "took",
    "resumed",
    "who",
    "revision",
    "backup_link",
    "rehearsed",
    "migrations",
    "schema",
)
STATEMENTS_SHOWN = 200  # of a run, on its own page


if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:  # a project without django-stubs has no such parameter
    _ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(_ModelAdmin):
    """Rows to be looked at. The first run makes the table: until then there are none."""

    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        connection = connections[router.db_for_read(self.model)]
        rows = super().get_queryset(request)
        return rows if history.has_table(connection, self.model) else rows.none()

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "what", "outcome", "took", "who")
    list_filter = ("outcome", "command", "started_at", "host")
    search_fields = ("user", "host", "revision", "backup", "reason", "error")
    search_help_text = _("User, host, revision of the code, backup, reason or error")
    ordering = ("-pk",)

    class Media:
        css = {"all": ("evolution/admin.css",)}  # noqa: RUF012 - as Django writes it

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.backups_view)
        return [path("backups/", view, name="evolution_run_backups"), *super().get_urls()]

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        """Those that have something to say of the run."""
        return [name for name in FIELDS if obj is None or _applies(obj, name)]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        more = _details(run) if isinstance(run, Run) else {}
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)

    def backups_view(self, request: HttpRequest) -> HttpResponse:
        """The folder of the backups, for those who may see the runs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {"title": gettext("Backups"), "opts": self.opts}
        try:
            context["backups"] = [
                (backup, datetime.fromisoformat(backup.manifest.made), in_words(backup.manifest.size))
                for backup in reversed(backups.backups())
            ]
            context["problems"] = backups.damaged()
        except backups.BackupError as error:
            context["problems"] = [str(error)]
        context["folder"] = configuration().backup_folder
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/evolution/run/backups.html", context)

    # --- Columns and fields

    @admin.display(description=_("migrations"))
    def what(self, run: Run) -> str:
        return history.what(run) if run.command == "migrate" else f"{run.command}: {history.what(run)}"

    @admin.display(description=_("took"))
    def took(self, run: Run) -> str:
        return _took(run.started_at, run.finished_at)

    @admin.display(description=_("who"), ordering="user")
    def who(self, run: Run) -> str:
        return f"{run.user}@{run.host}"

    @admin.display(description=_("error"))
    def error_text(self, run: Run) -> str:
        return format_html('<pre class="evolution-text">{}</pre>', run.error)

    @admin.display(description=_("migrations"))
    def migrations(self, run: Run) -> str:
        items = format_html_join("", "<li>{}</li>", ((step,) for step in history.steps(run)))
        return format_html('<ol class="evolution-steps">{}</ol>', items)

    @admin.display(description=_("backup"))
    def backup_link(self, run: Run) -> str:
        return format_html(
            '<a href="{}#{}">{}</a>', reverse("admin:evolution_run_backups"), run.backup, run.backup
        )

    @admin.display(description=_("rehearsal"))
    def rehearsed(self, run: Run) -> str:
        seconds = run.rehearsal.get("seconds")
        return gettext("took %(time)s") % {"time": history.in_words(seconds and timedelta(seconds=seconds))}


def _applies(run: Run, name: str) -> bool:
    """Whether a field of a run's page has something to say."""
    values = {"error_text": "error", "backup_link": "backup", "rehearsed": "rehearsal", "migrations": "plan"}
    values |= {name: name for name in ("reason", "resumed", "revision", "schema")}
    return name not in values or bool(getattr(run, values[name]))


def _took(began_at: datetime | None, ended_at: datetime | None) -> str:
    """A duration that does not break over two lines."""
    return history.in_words(history.duration(began_at, ended_at)).replace(" ", "\N{NO-BREAK SPACE}")


def _details(run: Run) -> dict[str, Any]:
    """What the page of a run shows below its fields: the certificate and the statements."""
    connection = connections[router.db_for_read(Run)]
    statements = history.statements(connection, run)
    return {
        "certificate": history.lines_of(run.certificate),
        "differences": run.certificate.get("differences") or [],
        "changed": run.certificate.get("changed") or [],
        "written": run.certificate.get("written") or [],
        "statements": [(line, _took(line.began_at, line.ended_at)) for line in statements[:STATEMENTS_SHOWN]],
        "statement_count": statements.count(),
        "statements_url": f"{reverse('admin:evolution_statement_changelist')}?run_id__exact={run.pk}",
    }


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    list_display = ("short", "name", "state", "took", "run")
    list_filter = ("state", "kind", "backwards", "app")
    search_fields = ("app", "migration", "sql")
    search_help_text = _("Application, migration or words of the statement")
    ordering = ("-pk",)

    class Media:
        css = {"all": ("evolution/admin.css",)}  # noqa: RUF012 - as Django writes it

    def get_fields(self, _request: HttpRequest, obj: Any = None) -> Any:
        more = ["tables_before"] if isinstance(obj, Statement) and obj.before else []
        return ["text", "run", "name", "kind", "state", "began_at", "took", *more]

    @admin.display(description=_("statement"))
    def short(self, line: Statement) -> str:
        return Truncator(line.sql).chars(70)

    @admin.display(description=_("statement"))
    def text(self, line: Statement) -> SafeString:
        return format_html('<pre class="evolution-text">{}</pre>', line.sql)

    @admin.display(description=_("migration"), ordering="migration")
    def name(self, line: Statement) -> str:
        return f"{'-' * line.backwards}{line.app}.{line.migration}"

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, line: Statement) -> SafeString:
        return _link_to_run(line.run_id)

    @admin.display(description=_("took"))
    def took(self, line: Statement) -> str:
        return _took(line.began_at, line.ended_at)

    @admin.display(description=_("tables before"))
    def tables_before(self, line: Statement) -> str:
        texts = ((definition or f"-- {table}: –",) for table, definition in (line.before or {}).items())
        return format_html_join("", '<pre class="evolution-text">{}</pre>', texts)


@admin.register(ArchiveEntry)
class ArchiveEntryAdmin(ReadOnlyAdmin):
    """What migrations have dropped, without what was in it: that may be what no member of the staff is to see."""

    list_display = ("what", "name", "kept_at", "row_count", "restored_count")
    list_filter = ("kind", "backwards", "app")
    search_fields = ("app", "migration", "table_name", "column_name")
    search_help_text = _("Application, migration, table or column")
    ordering = ("-number",)
    fields = (
        "what",
        "kind",
        "name",
        "run",
        "kept_at",
        "row_count",
        "restored_at",
        "restored_count",
        "contents",
    )

    @admin.display(description=_("what"), ordering="table_name")
    def what(self, entry: ArchiveEntry) -> str:
        return str(entry)

    @admin.display(description=_("migration"), ordering="migration")
    def name(self, entry: ArchiveEntry) -> str:
        return f"{'-' * entry.backwards}{entry.app}.{entry.migration}"

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, entry: ArchiveEntry) -> str:
        return _link_to_run(entry.run_id) if entry.run_id else "–"

    @admin.display(description=_("contents"))
    def contents(self, entry: ArchiveEntry) -> SafeString:
        return format_html("<code>manage.py archive show {}</code>", entry.number)


def _link_to_run(number: int) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:evolution_run_change", args=[number]), number)
