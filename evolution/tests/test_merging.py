"""Several statements about one table as one."""

import pytest

from evolution.merging import merged

KEY = "ALTER TABLE `book` ADD CONSTRAINT `book_writer` FOREIGN KEY (`writer_id`) REFERENCES `writer` (`id`)"
UNIQUE = "ALTER TABLE `book` ADD CONSTRAINT `title_once` UNIQUE (`title`)"
INDEX = "CREATE INDEX `book_title` ON `book` (`title`)"
CHECK = "ALTER TABLE `book` ADD CONSTRAINT `price_known` CHECK (`price` >= 0)"
OTHER = "CREATE INDEX `writer_name` ON `writer` (`name`)"


def test_neighbours_about_one_table_become_one_statement():
    assert merged([KEY, UNIQUE, INDEX]) == [
        "ALTER TABLE `book` ADD CONSTRAINT `book_writer` FOREIGN KEY (`writer_id`) REFERENCES `writer` (`id`),"
        " ADD CONSTRAINT `title_once` UNIQUE (`title`), ADD INDEX `book_title` (`title`)"
    ]


def test_a_unique_index_and_one_over_an_expression_come_along():
    unique = "CREATE UNIQUE INDEX `once` ON `book` (`title`, (lower(`title`)));"
    assert merged([unique, INDEX]) == [
        "ALTER TABLE `book` ADD UNIQUE INDEX `once` (`title`, (lower(`title`))), ADD INDEX `book_title` (`title`)"
    ]


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [INDEX],
        [INDEX, OTHER],
        [INDEX, OTHER, KEY],
        [CHECK, CHECK],
        [INDEX, CHECK, KEY],
        ["ALTER TABLE `book` DROP INDEX `a`", "ALTER TABLE `book` DROP INDEX `b`"],
        ["DROP TABLE `book`", INDEX],
    ],
)
def test_everything_else_stays_as_it_is_and_in_its_order(statements):
    assert merged(statements) == statements
