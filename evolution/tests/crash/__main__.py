"""The command line of `python -m evolution.tests.crash`."""

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any, TextIO


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Kills `migrate` at every moment of a run, and looks what the next run makes of it. DATABASE_URL "
        "names an empty database. Prints a line of JSON for each cell that is not as it should be, then one that "
        "counts them."
    )
    parser.add_argument("directions", nargs="+", choices=("up", "down"))
    parser.add_argument(
        "--whole", action="store_true", help="the whole history in one run, not one migration each"
    )
    parser.add_argument("--first", type=int, default=1, help="the first moment of a run")
    parser.add_argument("--every", type=int, default=1, help="only every so many moments")
    parser.add_argument("--apart", type=int, default=1, help="only every so many migrations")
    parser.add_argument(
        "--abort",
        action="store_true",
        help="do not run it again, take it back; that is killed too, and done again",
    )
    parser.add_argument("--seed", type=int, default=0, help="where an abort is killed; printed at the end")
    parser.add_argument("--at-least", type=int, default=1, help="fewer cells are a failure")
    parser.add_argument(
        "--record", type=Path, default=Path(os.devnull), help="a file for a line of JSON a cell"
    )
    return parser


class Count:
    """Writes cells down, shows those that are not as they should be, and counts them."""

    def __init__(self, record: TextIO) -> None:
        self.record = record
        self.cells = self.wrong = 0

    def note(self, cell: dict[str, Any], wrong: dict[str, Any]) -> None:
        """One cell."""
        self.cells += 1
        self.record.write(json.dumps(cell | {"wrong": sorted(wrong)}, default=repr) + "\n")
        if wrong:
            self.wrong += 1
            _say(cell | {"wrong": wrong})

    def close(self, about: dict[str, Any], at_least: int) -> bool:
        """Say how many there were; whether that is a failure."""
        _say(about | {"cells": self.cells, "wrong": self.wrong})
        return bool(self.wrong) or self.cells < at_least


class Matrix:
    """Goes through the cells."""

    def __init__(self, options: argparse.Namespace, count: Count) -> None:
        self.options = options
        self.count = count
        self.chance = random.Random(options.seed)

    def run(self) -> None:
        from evolution.tests.crash.scenes import scenes

        for direction in self.options.directions:
            empty()
            for title, scene in scenes(
                direction,
                first=self.options.first,
                every=self.options.every,
                whole=self.options.whole,
                apart=self.options.apart,
            ):
                self._in_peace(title, scene)
                for moment, there in scene.moments:
                    cell = {"run": title, "moment": moment.number, "of": scene.total, "side": moment.side}
                    cell |= {"what": moment.what, "journal": there.journal}
                    self._kill(cell, scene, moment, there)

    def _in_peace(self, title: str, scene: Any) -> None:
        from evolution.tests.crash.cells import differences

        if wrong := differences(scene.peaceful, scene.after):
            self.count.note({"run": title, "moment": 0}, wrong)

    def _kill(self, cell: dict[str, Any], scene: Any, moment: Any, there: Any) -> None:
        """One cell, or two: an abort, and an abort that is killed itself."""
        from evolution.tests.crash.cells import resumed, taken_back

        if not self.options.abort:
            self.count.note(cell, resumed(scene, moment, there))
            return
        wrong, moments = taken_back(scene, moment, there)
        self.count.note(cell, wrong)
        if moments:
            last = self.chance.randint(1, moments)
            wrong, _ = taken_back(scene, moment, there, last)
            self.count.note(cell | {"abort killed at": last, "abort's moments": moments}, wrong)


def empty() -> None:
    """Take everything out of the database that DATABASE_URL names."""
    from django.db import connection

    from evolution.scratch import empty_database

    if connection.vendor == "sqlite":
        connection.close()
        Path(str(connection.settings_dict["NAME"])).unlink(missing_ok=True)
    else:
        empty_database(connection, kept=set())


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, default=repr) + "\n")
    sys.stdout.flush()


def main() -> None:
    options = parser().parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "evolution.tests.project"
    import django

    django.setup()
    with options.record.open("w", encoding="utf-8", buffering=1) as record:
        count = Count(record)
        Matrix(options, count).run()
    sys.exit(count.close({"directions": options.directions, "seed": options.seed}, options.at_least))


if __name__ == "__main__":
    main()
