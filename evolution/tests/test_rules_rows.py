"""3xx: rows that do not fit NOT NULL, uniqueness or a foreign key. And 2xx: values that a plan would lose."""

import pytest

ADD = "migrations.AddField('book', 'shelf_mark', {}),"
ALTER = "migrations.AlterField('book', '{}', {}),"
FILL = "migrations.RunSQL(\"UPDATE shelf_book SET title = 'x'\", migrations.RunSQL.noop),"


def codes(findings):
    return [finding.code.removeprefix("evolution.") for finding in findings]


def only(findings, code):
    """The one finding with this code, which is there."""
    assert codes(findings).count(code) == 1, findings
    return next(finding for finding in findings if finding.code == f"evolution.{code}")


def test_w201_a_dropped_table_says_how_many_rows_go(shelf):
    shelf.books("Emma", "Ulysses")
    finding = only(shelf.check("migrations.DeleteModel('Book'),"), "W201")
    assert finding.message == "Table shelf_book is dropped. Its rows: 2 now."
    assert "SeparateDatabaseAndState" in finding.hint


def test_w201_a_reversed_creation_drops_the_table(shelf):
    assert (
        codes(
            shelf.check(
                to=None,
                operations="migrations.CreateModel('A', [('id', models.AutoField(primary_key=True))]),",
            )
        )
        == []
    )
    shelf.migrate("0002_next")
    assert codes(shelf.check(to="0001_initial")) == []  # there is nothing in it
    shelf.rows("INSERT INTO shelf_a (id) VALUES (1)")
    assert "The archive keeps them" in only(shelf.check(to="0001_initial"), "W201").hint


def test_w201_a_table_that_the_plan_itself_made_loses_nothing(shelf):
    shelf.write("0002_made", "migrations.CreateModel('A', [('id', models.AutoField(primary_key=True))]),")
    shelf.write("0003_gone", "migrations.DeleteModel('A'),")
    assert shelf.check() == []


def test_w201_without_a_database_it_is_said_too(shelf):
    assert codes(shelf.check("migrations.DeleteModel('Book'),", database=False)) == ["W201"]


def test_w201_the_table_of_a_many_to_many_field_is_dropped_with_the_field(shelf):
    shelf.write(
        "0002_links", "migrations.AddField('book', 'writers', models.ManyToManyField('shelf.Writer')),"
    )
    shelf.migrate("0002_links")
    shelf.books("Emma")
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (1, 'Austen')")
    shelf.rows("INSERT INTO shelf_book_writers (book_id, writer_id) VALUES (1, 1)")
    shelf.write("0003_none", "migrations.RemoveField('book', 'writers'),")
    assert "shelf_book_writers" in only(shelf.check(), "W201").message


def test_w202_a_dropped_column_says_how_many_values_go(shelf):
    shelf.books("Emma", None)
    finding = only(shelf.check("migrations.RemoveField('book', 'title'),"), "W202")
    assert finding.message == "Column title of table shelf_book is dropped. Its values: 1 now."


def test_w202_a_column_is_counted_under_the_names_that_it_has_today(shelf):
    shelf.books("Emma")
    findings = shelf.check(
        """
        migrations.AlterModelTable('book', 'shelf_tome'),
        migrations.RenameField('book', 'title', 'name'),
        migrations.RemoveField('book', 'name'),
        """
    )
    assert only(findings, "W202").message.endswith("Its values: 1 now.")


def test_w202_many_values_are_not_counted_to_the_end(shelf, monkeypatch):
    monkeypatch.setattr("evolution.rules.live.COUNTED", 1)
    shelf.books("Emma", "Ulysses")
    assert "more than 1 now" in only(shelf.check("migrations.RemoveField('book', 'title'),"), "W202").message


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("models.CharField(max_length=3, null=True)", "title = 'Emma'", "id 1: title = 'Emma'"),
        ("models.CharField(max_length=3, null=True)", "title = 'ÄÖÜß'", "id 1: title = 'ÄÖÜß'"),
    ],
)
def test_e203_text_that_is_too_long_for_the_new_column_is_listed(shelf, field, value, told):
    shelf.books("x", "y")
    shelf.rows(f"UPDATE shelf_book SET {value} WHERE id = 1")
    finding = only(shelf.check(ALTER.format("title", field)), "E203")
    assert finding.details == (told,)
    assert finding.message.endswith("3 characters instead of 20. Values that do not fit: 1.")


@pytest.mark.parametrize("value", ["price = 12345.00", "price = 1.25"])
def test_e203_decimals_with_too_many_digits_are_listed(shelf, value):
    shelf.books("x")
    shelf.rows(f"UPDATE shelf_book SET {value}")
    field = "models.DecimalField(max_digits=5, decimal_places=1, null=True)"
    assert len(only(shelf.check(ALTER.format("price", field)), "E203").details) == 1


def test_e203_numbers_beyond_a_smaller_type_are_listed(shelf):
    shelf.books("x")
    shelf.rows("UPDATE shelf_book SET writer_number = 40000")
    field = "models.SmallIntegerField(null=True)"
    assert only(shelf.check(ALTER.format("writer_number", field)), "E203").details == (
        "id 1: writer_number = 40000",
    )


def test_w203_a_narrower_column_whose_values_fit_is_a_warning(shelf):
    shelf.books("abc")
    findings = shelf.check(ALTER.format("title", "models.CharField(max_length=3, null=True)"))
    assert only(findings, "W203").message.endswith("All of its values fit now.")


def test_w203_a_length_that_is_written_as_text_is_a_number(shelf):
    shelf.books("abc")
    findings = shelf.check(ALTER.format("title", "models.CharField(max_length='3', null=True)"))
    assert "3 characters instead of 20" in only(findings, "W203").message


def test_w202_an_order_that_is_given_up_takes_its_column_with_it(shelf):
    shelf.write("0002_order", "migrations.AlterOrderWithRespectTo('book', 'writer_number'),")
    assert codes(shelf.check(to="0002_order")) == []
    shelf.books("Emma")
    shelf.migrate("0002_order")
    shelf.write("0003_none", "migrations.AlterOrderWithRespectTo('book', None),")
    assert "Column _order of table shelf_book is dropped" in only(shelf.check(), "W202").message


def test_w203_a_data_step_before_may_make_the_values_fit(shelf):
    shelf.books("Emma")
    shelf.write("0002_shorter", FILL)
    shelf.write("0003_narrow", ALTER.format("title", "models.CharField(max_length=3, null=True)"))
    finding = only(shelf.check(), "W203")
    assert "before shelf.0002_shorter" in finding.message


def test_w203_another_kind_of_type_is_a_warning(shelf):
    shelf.books("7")
    assert codes(shelf.check(ALTER.format("title", "models.IntegerField(null=True)"))) == ["W203"]


@pytest.mark.parametrize(
    "field",
    [
        "models.CharField(max_length=21, null=True)",
        "models.TextField(null=True)",
        "models.SlugField(null=True)",
    ],
)
def test_w203_a_wider_column_is_no_finding(shelf, field):
    shelf.books("Emma")
    assert shelf.check(ALTER.format("title", field)) == []


def test_w203_an_empty_table_has_nothing_to_lose(shelf):
    assert shelf.check(ALTER.format("title", "models.CharField(max_length=3, null=True)")) == []


def test_e301_not_null_without_a_default_is_an_error_where_there_are_rows(shelf):
    shelf.books("Emma")
    finding = only(shelf.check(ADD.format("models.IntegerField()")), "E301")
    assert finding.operation == "Add field shelf_mark to book"
    assert "null=True" in finding.hint


@pytest.mark.parametrize(
    "field",
    [
        "models.IntegerField(null=True)",
        "models.IntegerField(default=0)",
        "models.IntegerField(default=0), preserve_default=False",
        "models.IntegerField(db_default=0)",
        "models.CharField(max_length=5, blank=True)",
    ],
)
def test_e301_a_column_that_has_a_value_for_every_row_is_no_finding(shelf, field):
    shelf.books("Emma")
    assert shelf.check(ADD.format(field)) == []


def test_e301_an_empty_table_needs_no_default(shelf):
    assert shelf.check(ADD.format("models.IntegerField()")) == []


def test_e301_bringing_back_a_not_null_column_would_fill_in_zeros(shelf):
    shelf.write("0002_added", ADD.format("models.IntegerField(default=7), preserve_default=False"))
    shelf.write("0003_removed", "migrations.RemoveField('book', 'shelf_mark'),")
    shelf.migrate("0003_removed")
    shelf.books("Emma")
    finding = only(shelf.check(to="0002_added"), "E301")
    assert finding.operation == "Undo: Remove field shelf_mark from book"
    assert "zeros" in finding.hint


def test_w301_without_a_database_it_is_a_warning(shelf):
    assert codes(shelf.check(ADD.format("models.IntegerField()"), database=False)) == ["W301"]


@pytest.mark.parametrize(
    "step",
    [
        "migrations.AddField('a', 'shelf_mark', models.IntegerField()),",
        "migrations.AddField('a', 'shelf_mark', models.UUIDField(default=uuid.uuid4)),",
        "migrations.RenameModel('A', 'Leaf'),",
        "migrations.RenameModel('A', 'Leaf'), migrations.AddField('leaf', 'shelf_mark', models.IntegerField()),",
        "migrations.DeleteModel('A'),",
    ],
)
def test_w301_without_a_database_a_table_made_in_the_same_migration_has_no_rows(shelf, step):
    made = "migrations.CreateModel('A', [('id', models.AutoField(primary_key=True))]),"
    assert shelf.check(made + step, database=False) == []


def test_e302_rows_that_are_null_are_counted_and_listed(shelf):
    shelf.books("Emma", None, None)
    finding = only(shelf.check(ALTER.format("title", "models.CharField(max_length=20)")), "E302")
    assert finding.message.endswith("Rows where it is: 2.")
    assert finding.details == ("id 2: title = None", "id 3: title = None")


def test_e302_a_reverse_that_forbids_null_is_looked_at_too(shelf):
    shelf.write(
        "0002_nullable",
        "migrations.AlterField('writer', 'name', models.CharField(max_length=20, null=True)),",
    )
    shelf.migrate("0002_nullable")
    shelf.rows("INSERT INTO shelf_writer (name) VALUES (NULL)")
    assert codes(shelf.check(to="0001_initial")) == ["E302"]


def test_e302_a_default_fills_the_rows(shelf):
    shelf.books(None)
    assert shelf.check(ALTER.format("title", "models.CharField(max_length=20, default='-')")) == []


def test_w302_a_data_step_before_may_fill_the_rows(shelf):
    shelf.books(None)
    shelf.write("0002_filled", FILL)
    shelf.write("0003_required", ALTER.format("title", "models.CharField(max_length=20)"))
    assert codes(shelf.check()) == ["W302"]


UNIQUE = {
    "a unique field": ALTER.format("title", "models.CharField(max_length=20, null=True, unique=True)"),
    "a constraint": "migrations.AddConstraint('book', models.UniqueConstraint(fields=['title'], name='once')),",
    "unique together": "migrations.AlterUniqueTogether('book', {('title',)}),",
    "one to one": ALTER.format(
        "title", "models.OneToOneField('shelf.Writer', models.CASCADE, null=True, db_column='title')"
    ),
}


@pytest.mark.parametrize("operation", [UNIQUE[kind] for kind in list(UNIQUE)[:3]], ids=list(UNIQUE)[:3])
def test_e303_rows_that_are_equal_are_listed_with_their_keys(shelf, operation):
    shelf.books("Emma", "Ulysses", "Emma", None, None)
    assert only(shelf.check(operation), "E303").details == ("id 1, 3: title = 'Emma'",)


def test_e303_the_databases_own_collation_decides_what_is_equal(shelf):
    shelf.books("Emma", "EMMA", "émma")
    findings = shelf.check(UNIQUE["a constraint"])
    if shelf.wrapper.vendor == "sqlite":
        assert findings == []
    else:
        assert only(findings, "E303").details == (
            "id 1, 2, 3: title = 'Emma' | title = 'EMMA' | title = 'émma'",
        )


def test_e303_the_collation_that_a_column_gets_decides(shelf):
    shelf.books("Emma", "EMMA")
    collation = "nocase" if shelf.wrapper.vendor == "sqlite" else "utf8mb4_bin"
    field = f"models.CharField(max_length=20, null=True, unique=True, db_collation='{collation}')"
    expected = ["E303"] if shelf.wrapper.vendor == "sqlite" else []
    assert [c for c in codes(shelf.check(ALTER.format("title", field))) if c == "E303"] == expected


def test_e303_no_more_than_ten_groups_are_listed(shelf):
    shelf.books(*[f"{number:02}" for number in range(12)] * 2)
    details = only(shelf.check(UNIQUE["a constraint"]), "E303").details
    assert len(details) == 11
    assert details[-1] == "… and more"


def test_e303_several_columns_are_compared_together(shelf):
    shelf.books("Emma", "Emma", "Emma")
    shelf.rows("UPDATE shelf_book SET writer_number = id WHERE id < 3")
    operation = "migrations.AlterUniqueTogether('book', {('title', 'writer_number')}),"
    assert shelf.check(operation) == []
    shelf.rows("UPDATE shelf_book SET writer_number = 1")
    assert only(shelf.check(operation), "E303").details == ("id 1, 2, 3: title = 'Emma', writer_number = 1",)


def test_e303_rows_are_found_under_the_names_that_they_have_today(shelf):
    shelf.books("Emma", "Emma")
    findings = shelf.check(
        "migrations.RenameModel('Book', 'Tome'),"
        "migrations.RenameField('tome', 'title', 'name'),"
        "migrations.AddConstraint('tome', models.UniqueConstraint(fields=['name'], name='once')),"
    )
    assert only(findings, "E303").details == ("id 1, 2: title = 'Emma'",)


def test_e303_a_constraint_with_a_condition_looks_at_the_rows_it_means(shelf):
    shelf.books("Emma", "Emma", "Ulysses", "Ulysses")
    shelf.rows("UPDATE shelf_book SET writer_number = 1 WHERE title = 'Emma'")
    findings = shelf.check(
        "migrations.AddConstraint('book', models.UniqueConstraint("
        "fields=['title'], condition=models.Q(writer_number=1), name='once')),"
    )
    if shelf.wrapper.features.supports_partial_indexes:
        assert only(findings, "E303").details == ("2 rows, the first id 1: 'Emma'",)
    else:
        assert findings == []


def test_e303_a_constraint_on_an_expression_is_computed(shelf):
    shelf.books("Emma", "EMMA")
    findings = shelf.check(
        "migrations.AddConstraint('book', models.UniqueConstraint("
        "models.functions.Lower('title'), name='once')),",
        imports="import django.db.models.functions",
    )
    made = shelf.wrapper.features.supports_expression_indexes
    assert codes(findings) == (["E303"] if made else [])


def test_e303_a_new_unique_column_gives_every_row_the_same_value(shelf):
    operation = ADD.format("models.IntegerField(default=0, unique=True)")
    shelf.books("Emma")
    assert shelf.check(operation) == []
    shelf.books("Ulysses")
    assert codes(shelf.check(operation)) == ["E303"]


def test_e303_a_reverse_that_brings_the_constraint_back_is_looked_at_too(shelf):
    shelf.write("0002_once", UNIQUE["a constraint"])
    shelf.write("0003_often", "migrations.RemoveConstraint('book', 'once'),")
    shelf.migrate("0003_often")
    shelf.books("Emma", "Emma")
    assert codes(shelf.check(to="0002_once")) == ["E303"]


def test_w303_a_data_step_before_may_tell_the_rows_apart(shelf):
    shelf.books("Emma", "Emma")
    shelf.write("0002_told_apart", FILL)
    shelf.write("0003_unique", UNIQUE["a constraint"])
    assert codes(shelf.check()) == ["W303"]


def test_e303_a_column_that_the_plan_makes_has_no_rows_yet(shelf):
    shelf.books("Emma", "Ulysses")
    shelf.write("0002_added", ADD.format("models.IntegerField(null=True)"))
    shelf.write("0003_unique", "migrations.AlterUniqueTogether('book', {('shelf_mark',)}),")
    assert shelf.check() == []


KEY = ALTER.format(
    "writer_number", "models.ForeignKey('shelf.Writer', models.CASCADE, null=True, db_column='writer_number')"
)


def test_e304_rows_that_point_to_nothing_are_listed(shelf):
    shelf.rows("INSERT INTO shelf_writer (name) VALUES ('Austen')")
    shelf.books("Emma", "Ulysses", None)
    shelf.rows("UPDATE shelf_book SET writer_number = id WHERE id < 3")
    assert only(shelf.check(KEY), "E304").details == ("id 2: writer_number = 2",)


def test_e304_rows_that_all_point_to_something_are_no_finding(shelf):
    shelf.rows("INSERT INTO shelf_writer (name) VALUES ('Austen')")
    shelf.books("Emma")
    shelf.rows("UPDATE shelf_book SET writer_number = 1")
    assert shelf.check(KEY) == []


def test_e304_a_default_that_points_to_nothing(shelf):
    operation = ADD.format(
        "models.ForeignKey('shelf.Writer', models.CASCADE, default=5), preserve_default=False"
    )
    shelf.books("Emma")
    assert only(shelf.check(operation), "E304").details == ("every row: shelf_mark_id = 5, the default",)
    shelf.rows("INSERT INTO shelf_writer (id, name) VALUES (5, 'Austen')")
    assert shelf.check(operation) == []


def test_e304_columns_that_the_server_cannot_compare(shelf):
    shelf.write(
        "0002_unique",
        "migrations.AlterField('writer', 'name', models.CharField(max_length=20, unique=True)),",
    )
    shelf.migrate("0002_unique")
    shelf.rows("INSERT INTO shelf_writer (name) VALUES ('Emma')")
    shelf.books("Emma")
    key = "models.ForeignKey('shelf.Writer', models.CASCADE, null=True, db_column='title', to_field='name')"
    shelf.write("0003_key", ALTER.format("title", key))
    assert codes(shelf.check()) == []
    if shelf.wrapper.vendor == "mysql":
        shelf.rows("ALTER TABLE shelf_book MODIFY title VARCHAR(20) COLLATE utf8mb4_spanish_ci")
        assert "can't be compared" in only(shelf.check(), "E304").details[0]


def test_e304_without_a_constraint_in_the_database_anything_may_stand_there(shelf):
    shelf.books("Emma")
    shelf.rows("UPDATE shelf_book SET writer_number = 9")
    assert shelf.check(KEY.replace("null=True", "null=True, db_constraint=False")) == []


def test_w304_a_data_step_before_may_find_them_a_row(shelf):
    shelf.books("Emma")
    shelf.rows("UPDATE shelf_book SET writer_number = 9")
    shelf.write("0002_found", FILL)
    shelf.write("0003_key", KEY)
    assert codes(shelf.check()) == ["W304"]
