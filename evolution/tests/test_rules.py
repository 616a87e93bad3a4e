"""1xx, 4xx to 9xx: names, running code, data steps, servers, files, and what a file accepts."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, ProgrammingError
from django.db.migrations.executor import MigrationExecutor

from evolution.reserved import RESERVED, reserving
from evolution.rules import check_files, source_checksum
from evolution.rules.hazards import HAZARDS
from evolution.rules.servers import server_of, too_old
from evolution.statements import names_several_tables
from evolution.tests.test_rules_rows import codes, only

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "evolution.md"
TABLE = "migrations.CreateModel('A', [('id', models.AutoField(primary_key=True)){}], options={{'db_table': '{}'}}),"
DEFAULT = "migrations.AddField('book', 'shelf_mark', {}),"
RAW = "migrations.RunSQL({!r}, migrations.RunSQL.noop),"


def test_every_code_stands_in_the_documentation_and_no_other():
    headings = re.findall(r"^### (.*)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    documented = {
        code for heading in headings for code in re.findall(r"[EW]\d{3}", heading.partition(":")[0])
    }
    known = {code.removeprefix("evolution.") for hazard in HAZARDS.values() for code in hazard.codes}
    assert documented == known


def test_every_hazard_has_a_bad_and_a_good_example():
    sections = DOCUMENT.read_text(encoding="utf-8").split("\n### ")[1:]
    hazards = [section for section in sections if re.match(r"[EW]\d{3}", section)]
    assert [
        section.splitlines()[0] for section in hazards if "Bad" not in section or "Good" not in section
    ] == []


# --- 1xx


def test_w101_a_new_tables_reserved_name_is_told_with_the_databases(shelf):
    finding = only(shelf.check(TABLE.format("", "group")), "W101")
    assert (
        finding.message == "The table name group is a reserved word of SQLite, MySQL, MariaDB and PostgreSQL."
    )
    assert 'db_table = "shelf_group"' in finding.hint


def test_w101_a_rename_to_a_reserved_name(shelf):
    assert "PostgreSQL" in only(shelf.check("migrations.AlterModelTable('book', 'user'),"), "W101").message


def test_w101_a_reverse_introduces_no_name(shelf):
    shelf.write("0002_from", "migrations.AlterModelTable('book', 'user'),")
    shelf.write("0003_back", "migrations.AlterModelTable('book', 'shelf_tome'),")
    shelf.migrate("0003_back")
    assert codes(shelf.check(to="0002_from")) == ["W401"]


@pytest.mark.parametrize(
    "operation",
    [
        TABLE.format(", ('rank', models.IntegerField())", "tome"),
        "migrations.AddField('book', 'rank', models.IntegerField(null=True)),",
        "migrations.AlterField('book', 'title', models.CharField(max_length=20, null=True, db_column='rank')),",
        "migrations.RenameField('book', 'title', 'rank'),",
    ],
)
def test_w102_a_new_columns_reserved_name(shelf, operation):
    assert "rank in table" in only(shelf.check(operation), "W102").message
    assert only(shelf.check(), "W102").message.endswith("is a reserved word of MySQL.")


def test_w102_a_column_that_has_its_name_already_is_no_finding(shelf):
    shelf.write("0002_rank", "migrations.AddField('book', 'rank', models.IntegerField(null=True)),")
    shelf.migrate("0002_rank")
    shelf.write("0003_more", "migrations.AlterField('book', 'rank', models.BigIntegerField(null=True)),")
    assert shelf.check() == []


def test_w101_the_words_are_those_that_this_database_refuses(shelf):
    wrapper = shelf.wrapper
    server = server_of(wrapper)
    database = server[0] if server else "SQLite"
    accepted = set()
    for word in RESERVED[database]:
        try:
            shelf.rows(f"CREATE TABLE tried ({word} INT)")
        except (OperationalError, ProgrammingError) as error:
            assert "syntax" in str(error).lower(), word  # noqa: PT017
        else:
            accepted.add(word)
            shelf.rows("DROP TABLE tried")
    # SQLite takes IF as the name of a column, and reads a table's as the beginning of IF NOT EXISTS.
    assert accepted <= {"IF"}


def test_w101_a_name_is_reserved_whatever_its_case():
    assert reserving("Order") == ["SQLite", "MySQL", "MariaDB", "PostgreSQL"]
    assert reserving("nickname") == []


# --- 4xx


@pytest.mark.parametrize(
    "operation",
    ["migrations.RenameModel('Book', 'Tome'),", "migrations.AlterModelTable('book', 'shelf_tome'),"],
)
def test_w401_a_table_gets_another_name(shelf, operation):
    message = only(shelf.check(operation), "W401").message
    assert message == "Table shelf_book becomes shelf_tome: code that is still running will not find it."


def test_w401_a_model_that_keeps_its_table_is_no_finding(shelf):
    shelf.write("0002_fixed", "migrations.AlterModelTable('book', 'shelf_tome'),")
    shelf.migrate("0002_fixed")
    shelf.write("0003_renamed", "migrations.RenameModel('Book', 'Tome'),")
    assert shelf.check() == []


def test_w401_a_table_that_is_not_there_yet_is_used_by_nobody(shelf):
    shelf.write("0002_made", TABLE.format("", "leaf"))
    shelf.write("0003_renamed", "migrations.AlterModelTable('a', 'sheet'),")
    assert shelf.check() == []


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.RenameField('book', 'title', 'heading'),",
        "migrations.AlterField('book', 'title', models.CharField(max_length=20, null=True, db_column='heading')),",
    ],
)
def test_w402_a_column_gets_another_name(shelf, operation):
    message = only(shelf.check(operation), "W402").message
    assert message.startswith("Column title of table shelf_book becomes heading")


def test_w402_a_field_that_keeps_its_column_is_no_finding(shelf):
    column = "models.CharField(max_length=20, null=True, db_column='title')"
    shelf.write("0002_kept", f"migrations.AlterField('book', 'title', {column}),")
    shelf.write("0003_renamed", "migrations.RenameField('book', 'title', 'heading'),")
    assert shelf.check() == []


# --- 5xx


@pytest.mark.parametrize("operation", ["migrations.RunPython(print),", "migrations.RunSQL('SELECT 1'),"])
def test_w501_a_step_without_a_way_back(shelf, operation):
    assert codes(shelf.check(operation)) == ["W501"]
    wrapped = f"migrations.SeparateDatabaseAndState(database_operations=[{operation}]),"
    assert codes(shelf.check(wrapped)) == ["W501"]


def test_e501_going_back_over_a_step_without_a_way_back_is_an_error(shelf):
    shelf.write("0002_one_way", "migrations.RunSQL('SELECT 1'),")
    shelf.migrate("0002_one_way")
    assert codes(shelf.check(to="0001_initial")) == ["E501"]


def test_w501_a_step_with_a_way_back_is_no_finding(shelf):
    assert shelf.check("migrations.RunPython(print, migrations.RunPython.noop),") == []


@pytest.mark.parametrize(
    ("field", "called"),
    [
        ("models.UUIDField(default=uuid.uuid4)", "uuid4()"),
        ("models.UUIDField(default=uuid.uuid4, null=True)", "uuid4()"),
        ("models.DateTimeField(default=datetime.datetime.now)", "now()"),
        ("models.DateTimeField(auto_now_add=True)", "The clock"),
    ],
)
def test_w502_a_callable_default_gives_every_row_the_same_value(shelf, field, called):
    shelf.books("Emma")
    assert called in only(shelf.check(DEFAULT.format(field)), "W502").message


def test_w502_an_alteration_that_fills_the_empty_rows_likewise(shelf):
    shelf.books(None)
    operation = "migrations.AlterField('book', 'title', models.CharField(max_length=20, default=uuid.uuid4)),"
    assert codes(shelf.check(operation)) == ["W502"]


@pytest.mark.parametrize("field", ["models.JSONField(default=dict)", "models.IntegerField(default=3)"])
def test_w502_a_default_that_is_the_same_for_all_on_purpose(shelf, field):
    shelf.books("Emma")
    assert shelf.check(DEFAULT.format(field)) == []


def test_w502_an_empty_table_has_nothing_to_fill(shelf):
    assert shelf.check(DEFAULT.format("models.UUIDField(default=uuid.uuid4)")) == []


@pytest.mark.parametrize(
    "data", ["migrations.RunPython(print, print),", RAW.format("UPDATE shelf_book SET title = NULL")]
)
def test_w503_tables_and_rows_in_one_migration(shelf, data):
    finding = only(shelf.check(DEFAULT.format("models.IntegerField(null=True)") + data), "W503")
    assert [line.partition(":")[0] for line in finding.details] == ["schema", "data"]
    assert finding.operation == ""


@pytest.mark.parametrize(
    "step",
    [
        "migrations.RunPython(migrations.RunPython.noop, print),",
        RAW.format("-- a note\nCREATE INDEX quick ON shelf_book (title)"),
    ],
)
def test_w503_what_changes_no_row_is_no_data_step(shelf, step):
    assert shelf.check(DEFAULT.format("models.IntegerField(null=True)") + step) == []


# --- 6xx


def mysql_only(shelf):
    if shelf.wrapper.vendor != "mysql":
        pytest.skip("SQLite knows nothing of the kind")


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.AlterField('book', 'writer_number', models.BigIntegerField(null=True)),",
        "migrations.AlterField('book', 'title', models.TextField(null=True)),",
        "migrations.AddConstraint('book', models.CheckConstraint(condition=models.Q(price__gt=0), name='costs')),",
    ],
)
def test_w601_a_big_table_is_copied(shelf, operation):
    shelf.books("Emma", "Ulysses")
    expected = ["W601"] if shelf.wrapper.vendor == "mysql" else []
    assert codes(shelf.check(operation, big=2)) == expected
    assert shelf.check(operation, big=3) == []


@pytest.mark.parametrize(
    "operation",
    [
        "migrations.AlterField('book', 'title', models.CharField(max_length=21, null=True)),",
        "migrations.AlterField('book', 'title', models.CharField(max_length=20, null=True, help_text='x')),",
        DEFAULT.format("models.IntegerField(null=True)"),
        DEFAULT.format("models.ForeignKey('shelf.Writer', models.CASCADE, null=True)"),
    ],
)
def test_w601_what_is_done_in_place_is_no_finding(shelf, operation):
    shelf.books("Emma")
    assert shelf.check(operation, big=1) == []


def test_w601_text_that_outgrows_its_length_byte_is_copied_by_mysql_alone(shelf):
    shelf.books("Emma")
    findings = shelf.check(
        "migrations.AlterField('book', 'title', models.CharField(max_length=64, null=True)),", big=1
    )
    mysql = server_of(shelf.wrapper)
    assert codes(findings) == (["W601"] if mysql and mysql[0] == "MySQL" else [])


def test_e602_one_statement_on_several_tables(shelf):
    expected = ["E602"] if shelf.wrapper.vendor == "mysql" else []
    assert codes(shelf.check(RAW.format("DROP TABLE shelf_book, shelf_writer"))) == expected


def test_w602_without_a_database_it_is_a_warning(shelf):
    findings = shelf.check(RAW.format("SELECT 1;\ndrop table if exists a,\n b"), database=False)
    assert only(findings, "W602").details == ("drop table if exists a,\n b",)


@pytest.mark.parametrize(
    ("statement", "several"),
    [
        ("DROP TABLE a, b", True),
        ("drop temporary table if exists a , b", True),
        ("RENAME TABLE a TO b, c TO d", True),
        ("DROP VIEW a, b", True),
        ("DROP TABLE a", False),
        ("DROP TABLE `a,b`", False),
        ("RENAME TABLE a TO b", False),
        ("ALTER TABLE a ADD COLUMN b int, ADD COLUMN c int", False),
        ("INSERT INTO a (b, c) VALUES (1, 2)", False),
    ],
)
def test_e602_which_statements_name_several_tables(statement, several):
    assert names_several_tables(statement) is several


def test_e603_a_table_of_another_engine(shelf):
    mysql_only(shelf)
    shelf.rows("ALTER TABLE shelf_book ENGINE=MyISAM")
    finding = only(shelf.check(DEFAULT.format("models.IntegerField(null=True)")), "E603")
    assert "MyISAM" in finding.message
    assert finding.hint.endswith("ALTER TABLE `shelf_book` ENGINE=InnoDB;")
    assert shelf.check("migrations.RenameField('writer', 'name', 'title'),") != [finding]


def test_e603_a_server_that_would_make_tables_of_another_engine(shelf):
    mysql_only(shelf)
    shelf.rows("SET SESSION default_storage_engine = MyISAM")
    assert codes(shelf.check(TABLE.format("", "tome"))) == ["E603"]


@pytest.mark.parametrize(
    ("vendor", "version", "found"),
    [
        ("MySQL", (5, 7, 44), 1),
        ("MySQL", (8, 0, 36), 0),
        ("MariaDB", (10, 5, 23), 1),
        ("MariaDB", (10, 6, 1), 0),
    ],
)
def test_e604_a_server_whose_schema_changes_are_not_atomic(vendor, version, found):
    assert len(list(too_old(vendor, version))) == found


def test_e604_the_server_of_the_suite_is_new_enough(shelf):
    assert shelf.check(DEFAULT.format("models.IntegerField(null=True)")) == []


# --- 7xx


def in_package(shelf, text):
    return text.replace("PACKAGE", shelf.package.name)


@pytest.mark.parametrize(
    "imports",
    [
        "from PACKAGE.models import Book",
        "from PACKAGE.models import *",
        "from PACKAGE import models as live\nlive.Book",
        "import PACKAGE.models\nPACKAGE.models.Book",
        "from django.contrib.auth import get_user_model",
    ],
)
def test_w701_models_as_they_are_today(shelf, imports):
    finding = only(
        shelf.check(DEFAULT.format("models.IntegerField(null=True)"), imports=in_package(shelf, imports)),
        "W701",
    )
    assert finding.details == (f"line 3: {in_package(shelf, imports.splitlines()[0])}",)


@pytest.mark.parametrize(
    "imports",
    [
        "from PACKAGE.models import folder",
        "import PACKAGE.models\nPACKAGE.models.folder",
        "import PACKAGE.apps",
    ],
)
def test_w701_functions_from_the_models_module_are_what_makemigrations_writes(shelf, imports):
    source = in_package(shelf, imports)
    assert shelf.check(DEFAULT.format("models.IntegerField(null=True)"), imports=source) == []


def checksum(shelf, name="0002_next"):
    migration = MigrationExecutor(None).loader.get_migration("shelf", name)
    return source_checksum(migration)


NODE = ("shelf", "0002_next")


def test_e702_a_file_that_does_something_else_than_when_it_was_applied(shelf):
    file = shelf.write("0002_next", DEFAULT.format("models.IntegerField(null=True)"))
    before = checksum(shelf)
    file.write_text(file.read_text().replace("shelf_mark", "shelf_brand"))
    after = checksum(shelf)
    assert codes(check_files({NODE: before}, {NODE: after})) == ["E702"]
    assert check_files({NODE: before}, {NODE: before}) == []


def test_e702_comments_form_docstrings_and_acceptance_do_not_count(shelf):
    file = shelf.write("0002_next", DEFAULT.format("models.IntegerField(null=True)"))
    before = checksum(shelf)
    text = file.read_text().replace("operations = [", "operations = [  # one column\n\n")
    text = text.replace("accepted = {}", "accepted = {'evolution.W102': 'a reason'}").replace("'", '"')
    file.write_text(f'"""What it does."""\n# and why\n{text}')
    assert checksum(shelf) == before != ""


def test_e702_what_is_known_on_one_side_only_is_not_looked_at():
    assert (
        check_files({NODE: "a"}, {})
        == check_files({}, {NODE: "a"})
        == check_files({NODE: ""}, {NODE: "a"})
        == []
    )


# --- 9xx


def test_e901_an_acceptance_without_a_reason(shelf):
    shelf.books("Emma")
    operation = "migrations.RemoveField('book', 'title'),"
    assert codes(shelf.check(operation, accepted={"evolution.W202": " "})) == ["W202", "E901"]
    assert codes(shelf.check(operation, accepted=["evolution.W202"])) == ["W202", "E901"]


def test_e901_an_acceptance_with_a_reason_takes_the_finding_away(shelf):
    shelf.books("Emma")
    operation = "migrations.RemoveField('book', 'title'),"
    assert shelf.check(operation, accepted={"evolution.W202": "nobody read it"}) == []


def test_e901_an_accepted_warning_is_no_accepted_error(shelf):
    shelf.books("Emma")
    operation = "migrations.AlterField('book', 'title', models.CharField(max_length=3, null=True)),"
    assert codes(shelf.check(operation, accepted={"evolution.W203": "they are all short"})) == ["E203"]


def test_w902_an_acceptance_of_what_is_not_there(shelf):
    operation = DEFAULT.format("models.IntegerField(null=True)")
    assert codes(shelf.check(operation, accepted={"evolution.W201": "it is empty"})) == ["W902"]
    assert "no such code" in only(shelf.check(operation, accepted={"W201": "it is empty"}), "W902").message


def test_w902_what_is_accepted_for_the_way_back_is_not_in_vain(shelf):
    operation = DEFAULT.format("models.IntegerField(null=True)")
    assert shelf.check(operation, accepted={"evolution.W202": "nothing is written to it by then"}) == []


def test_w902_what_depends_on_the_rows_may_be_there_in_another_database(shelf):
    operation = "migrations.AlterUniqueTogether('book', {('title',)}),"
    assert shelf.check(operation, accepted={"evolution.E303": "the copies are merged by hand"}) == []
