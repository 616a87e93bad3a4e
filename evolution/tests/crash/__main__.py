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
    parser.add_argument(
        "--abort",
        action="store_true",
        help="do not run it again, take it back; that is killed too, and done again",
    )
    parser.add_argument("--seed", type=int, default=0, help="where an abort is killed; printed at the end")
    parser.add_argument("--at-least", type=int, default=1, help="fewer cells are a failure")
    parser.add_argument("--record", type=Path, help="a file that gets a line of JSON for each cell")
    return parser


class Matrix:
    """Goes through the cells, writes them down, and counts them."""

    def __init__(self, options: argparse.Namespace, record: TextIO) -> None:
        self.options = options
        self.record = record
        self.chance = random.Random(options.seed)
        self.cells = self.wrong = 0

    def run(self) -> None:
        from evolution.tests.crash.cells import differences
        from evolution.tests.crash.scenes import scenes

        for direction in self.options.directions:
            if direction != self.options.directions[0]:
                _empty()
            for title, scene in scenes(
                direction, first=self.options.first, every=self.options.every, whole=self.options.whole
            ):
                self.note({"run": title, "moment": 0}, differences(scene.peaceful, scene.after))
                for moment, there in scene.moments:
                    cell = {"run": title, "moment": moment.number, "of": scene.total, "side": moment.side}
                    cell |= {"what": moment.what, "journal": there.journal}
                    self.try_out(cell, scene, moment, there)

    def try_out(self, cell: dict[str, Any], scene: Any, moment: Any, there: Any) -> None:
        """One cell, or two: an abort, and an abort that is killed itself."""
        from evolution.tests.crash.cells import resumed, taken_back

        if not self.options.abort:
            self.note(cell, resumed(scene, moment, there))
            return
        wrong, count = taken_back(scene, moment, there)
        self.note(cell, wrong)
        if count:
            last = self.chance.randint(1, count)
            self.note(
                cell | {"abort killed at": last, "abort's moments": count},
                taken_back(scene, moment, there, last)[0],
            )

    def note(self, cell: dict[str, Any], wrong: dict[str, Any]) -> None:
        """Write a cell down; show it where something is wrong."""
        self.cells += 1
        self.record.write(json.dumps(cell | {"wrong": sorted(wrong)}, default=repr) + "\n")
        if wrong:
            self.wrong += 1
            say(cell | {"wrong": wrong})


def _empty() -> None:
    """Begin the next direction with nothing."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.close()
        Path(str(connection.settings_dict["NAME"])).unlink()
    else:
        from evolution.scratch import empty_database

        empty_database(connection, kept=set())


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, default=repr) + "\n")
    sys.stdout.flush()


def main() -> None:
    options = parser().parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "evolution.tests.project"
    import django

    django.setup()
    with (options.record or Path(os.devnull)).open("w", encoding="utf-8", buffering=1) as record:
        matrix = Matrix(options, record)
        matrix.run()
    few = matrix.cells < options.at_least
    say(
        {"directions": options.directions, "cells": matrix.cells, "wrong": matrix.wrong, "seed": options.seed}
    )
    sys.exit(bool(matrix.wrong) or few)


if __name__ == "__main__":
    main()
