"""The pages of runs, journal lines and backups: to be looked at by those who may, and to be changed by nobody."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evolution import backups
from evolution.models import ArchiveEntry, Run, Statement
from evolution.scratch import in_place_of, scratch_database
from evolution.tests.own_database import own_database
from evolution.tests.test_migrationhistory import CERTIFICATE, STEPS

KEPT: dict[str, Any] = {
    "kind": "column",
    "app": "shelf",
    "migration": "0002_more",
    "operation": 0,
    "backwards": True,
}
KEPT |= {"table_name": "shelf_book", "column_name": "title", "row_count": 3}
VIEWS = ["view_run", "view_statement", "view_archiveentry"]
LISTS = [
    "admin:evolution_run_changelist",
    "admin:evolution_statement_changelist",
    "admin:evolution_archiveentry_changelist",
    "admin:evolution_run_backups",
]


@pytest.fixture
def run(db):
    """A run of everything: two statements, a certificate, a backup, an error."""
    run = Run.objects.create(
        user="ada",
        host="web1",
        plan=STEPS,
        certificate=CERTIFICATE,
        backup="shelf-1",
        rehearsal={"seconds": 1.5},
        error="OperationalError: <gone>",
        outcome=Run.Outcome.FAILED,
        finished_at=timezone.now() + timedelta(seconds=3),
    )
    add_statement(run, "Add field number to book", kind=Statement.Kind.OPERATION)
    add_statement(
        run, "ALTER TABLE shelf_book ADD number integer", before={"shelf_book": "CREATE TABLE shelf_book"}
    )
    ArchiveEntry.objects.create(number=7, run_id=run.pk, **KEPT)
    return run


def add_statement(run, sql, **values):
    now = timezone.now()
    given = {"kind": Statement.Kind.SCHEMA, "state": Statement.State.DONE, "began_at": now}
    given |= {"ended_at": now + timedelta(seconds=0.25)}
    return Statement.objects.create(
        run_id=run.pk,
        app="shelf",
        migration="0002_more",
        backwards=False,
        operation=0,
        position=0,
        sql=sql,
        **given | values,
    )


@pytest.fixture(autouse=True)
def _no_backups(tmp_path, monkeypatch):
    monkeypatch.setenv("EVOLUTION_BACKUP_FOLDER", str(tmp_path / "backups"))


@pytest.fixture
def reader(charlie, client):
    """A browser of somebody in the staff who may look at runs and journal lines."""
    charlie.is_staff = True
    charlie.save()
    charlie.user_permissions.set(Permission.objects.filter(codename__in=VIEWS))
    client.force_login(charlie)
    return client


def pages(run):
    line = Statement.objects.filter(run_id=run.pk).latest("pk")
    return [reverse(name) for name in LISTS] + [
        reverse("admin:evolution_run_change", args=[run.pk]),
        reverse("admin:evolution_statement_change", args=[line.pk]),
        reverse("admin:evolution_archiveentry_change", args=[7]),
    ]


# --- Who may look


def test_every_page_opens_for_staff(client, staff, run):
    client.force_login(staff)
    assert {client.get(page).status_code for page in pages(run)} == {200}


def test_every_page_opens_for_staff_who_may_look_at_runs(reader, run):
    assert {reader.get(page).status_code for page in pages(run)} == {200}


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_page_has_anything_inline_that_the_content_security_policy_stops(reader, run, language):
    for address in pages(run):
        page = reader.get(address, headers={"accept-language": language}).content.decode()
        for inline in (" style=", "<style", "onclick", "<script>"):
            assert inline not in page, address


def test_no_page_opens_for_staff_without_the_permission(reader, charlie, run):
    charlie.user_permissions.clear()
    assert {reader.get(page).status_code for page in pages(run)} == {403}


def test_no_page_opens_for_a_stranger(client, charlie, run):
    client.force_login(charlie)
    for page in pages(run):
        assert client.get(page)["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("model", ["run", "statement", "archiveentry"])
def test_nothing_is_added_changed_or_deleted_even_by_a_superuser(client, staff, run, model):
    client.force_login(staff)
    lines = Statement.objects.filter(run_id=run.pk)
    pk = {"run": run.pk, "statement": lines.latest("pk").pk, "archiveentry": 7}[model]
    assert client.post(reverse(f"admin:evolution_{model}_add")).status_code == 403
    assert client.post(reverse(f"admin:evolution_{model}_delete", args=[pk])).status_code == 403
    assert (
        client.post(reverse(f"admin:evolution_{model}_change", args=[pk]), {"user": "eve"}).status_code == 403
    )
    delete = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
    client.post(reverse(f"admin:evolution_{model}_changelist"), delete)
    run.refresh_from_db()
    assert run.user == "ada"
    assert lines.count() == 2
    assert ArchiveEntry.objects.count() == 1


def test_the_page_of_an_archive_entry_names_the_command_that_shows_what_is_in_it(reader, run):
    page = reader.get(reverse("admin:evolution_archiveentry_change", args=[7])).content.decode()
    assert "shelf_book.title" in page
    assert "-shelf.0002_more" in page
    assert "manage.py archive show 7" in page


# --- What the pages show


def test_the_page_of_a_run_shows_its_certificate_and_how_long_each_statement_took(reader, run):
    page = reader.get(reverse("admin:evolution_run_change", args=[run.pk])).content.decode()
    assert "was shelf_book" in page
    assert "Table shelf_gone is missing, which had 2 rows." in page
    assert "ALTER TABLE shelf_book ADD number integer" in page
    assert "0.25\N{NO-BREAK SPACE}s" in page
    assert "OperationalError: &lt;gone&gt;" in page
    assert f"{reverse('admin:evolution_run_backups')}#shelf-1" in page


def test_the_statements_of_a_run_are_listed_alone(reader, run):
    add_statement(Run.objects.create(), "DROP TABLE other")
    address = f"{reverse('admin:evolution_statement_changelist')}?run_id__exact={run.pk}"
    assert address in reader.get(reverse("admin:evolution_run_change", args=[run.pk])).content.decode()
    page = reader.get(address).content.decode()
    assert "2 journal lines" in page
    assert "DROP TABLE other" not in page


def test_runs_are_found_by_their_backup_and_filtered_by_how_they_ended(reader, run):
    Run.objects.create(host="web2")
    runs = reverse("admin:evolution_run_changelist")
    assert "1 migration run<" in "".join(reader.get(f"{runs}?q=shelf-1").content.decode().split("\n"))
    assert "ada@web1" not in reader.get(f"{runs}?outcome__exact=running").content.decode()


def test_a_list_takes_as_many_queries_for_many_rows_as_for_one(reader, run):
    counts = []
    reader.get(reverse("admin:index"))  # notes, once a minute, that staff are here
    for _more in range(2):
        with CaptureQueriesContext(connection) as queries:
            for name in LISTS:
                reader.get(reverse(name))
        counts.append(len(queries))
        for number in range(10):
            add_statement(Run.objects.create(), f"SELECT {number}")
            ArchiveEntry.objects.create(number=100 + ArchiveEntry.objects.count(), run_id=run.pk, **KEPT)
    assert counts[0] == counts[1]


@pytest.fixture
def backup(django_db_setup, django_db_blocker, tmp_path, monkeypatch):
    with django_db_blocker.unblock(), own_database(tmp_path, monkeypatch) as own:
        own.execute("CREATE TABLE thing (id integer PRIMARY KEY)")
        return backups.make(own.wrapper)


def test_backups_are_listed_and_what_is_damaged_is_told(backup, reader, tmp_path):
    (tmp_path / "backups" / "other").mkdir()
    page = reader.get(reverse("admin:evolution_run_backups")).content.decode()
    assert f'id="{backup.name}"' in page
    assert "backups/other: manifest.json is missing" in page


def test_a_backup_folder_that_can_not_be_read_is_told(reader, tmp_path):
    (tmp_path / "backups").write_text("no folder")
    page = reader.get(reverse("admin:evolution_run_backups")).content.decode()
    assert "can&#x27;t be read" in page


# --- Before the first run


def test_a_database_without_the_tables_has_empty_lists(django_db_setup, django_db_blocker):
    request = RequestFactory().get("/")
    # Nobody's transaction: on MySQL the scratch database would commit it.
    request.user = get_user_model()(is_superuser=True, is_staff=True, is_active=True)
    for model in (Run, Statement, ArchiveEntry):
        with (
            django_db_blocker.unblock(),
            scratch_database(connection) as scratch,
            in_place_of(connection, scratch),
        ):
            found: Any = admin.site.get_model_admin(model).changelist_view(request)
            found.render()
            assert scratch.introspection.table_names() == []
        assert found.status_code == 200
        assert ("Nothing is written down yet" in found.content.decode()) == (model is Run)


def test_without_backups_the_page_says_how_to_make_one(reader):
    assert "manage.py backup --verify" in reader.get(reverse("admin:evolution_run_backups")).content.decode()


def test_a_run_that_is_not_there_leads_back(reader):
    assert reader.get(reverse("admin:evolution_run_change", args=[7])).status_code == 302
