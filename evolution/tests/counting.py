"""Kills a data step in batches at every moment, lets it go on, and looks whether each row was changed exactly once.

`python -m evolution.tests.counting`, with DATABASE_URL naming an empty database. The step adds 1 to every row, and
its reverse takes 1 away, so that a row that was left out or done twice shows. One line of JSON for each cell that is
not as it should be, and a last one that counts them.
"""

import argparse
import json
import os
import signal
import sys
from typing import Any

from evolution.tests.crash.children import in_a_child
from evolution.tests.crash.moments import Moments

ROWS = 50
BATCH = 20


def counters() -> Any:
    """A queryset of the table."""
    from django.apps import apps
    from django.db import models

    if "counter" in apps.all_models["counting"]:
        return apps.get_registered_model("counting", "Counter")._default_manager.all()
    meta = type("Meta", (), {"app_label": "counting", "db_table": "counter"})
    fields = {"__module__": __name__, "Meta": meta, "value": models.IntegerField(default=0)}
    model: Any = type("Counter", (models.Model,), fields)
    return model.objects.all()


def count(*, backwards: bool = False, last: int = 0) -> int:
    """Add 1 to each row, or take 1 away; killed at moment `last`. How many moments there were."""
    from django.db import connection
    from django.db.models import F

    from evolution import batches
    from evolution.progress import quiet

    batches.FIRST = batches.MOST = BATCH
    moments = Moments(last)
    change = -1 if backwards else 1
    with (
        quiet(),
        moments.of(connection),
        batches.data_steps_of("counting.0002_count", backwards=backwards),
    ):
        batches.for_each_batch(
            counters(), lambda batch: batch.update(value=F("value") + change), checkpoint="count"
        )
    connection.close()
    return moments.count


def reset(value: int) -> None:
    from django.db import connection

    from evolution.models import Checkpoint

    counters().update(value=value)
    Checkpoint.objects.all().delete()
    connection.close()


def values() -> list[int]:
    from django.db import connection

    found = sorted(set(counters().values_list("value", flat=True)))
    connection.close()
    return found


def cell(moment: int, *, backwards: bool, turns: tuple[bool, ...]) -> dict[str, Any] | None:
    """Kill a run, and after it one in each direction of `turns` but the last, which ends in peace; what is wrong.

    None where the step had not begun when it was killed: then `migrate` does not go back over it.
    """
    reset(1 if backwards else 0)
    if (code := killed(moment, backwards=backwards)) != -signal.SIGKILL:
        return {"not killed": code}
    if turns[0] != backwards and not has_begun():
        return None
    for direction in turns[:-1]:
        moment = max(
            moment // 2, 3
        )  # each comes less far; the first moments are those of a checkpoint not yet there
        killed(moment, backwards=direction)
    if code := in_a_child(lambda _say: count(backwards=turns[-1])).code:
        return {"the last run failed": code}
    expected = [0 if turns[-1] else 1]
    return {} if values() == expected else {"values": values(), "expected": expected}


def killed(moment: int, *, backwards: bool) -> int:
    return in_a_child(lambda _say: count(backwards=backwards, last=moment)).code


def has_begun() -> bool:
    from django.db import connection

    from evolution.models import Checkpoint

    found = Checkpoint.objects.exists()
    connection.close()
    return found


def matrix(every: int) -> tuple[int, int]:
    from django.db import connection

    from evolution.tables import ensure_tables

    with connection.schema_editor() as editor:
        editor.create_model(counters().model)
    ensure_tables(connection)
    counters().bulk_create(counters().model(id=3 * number + 1) for number in range(ROWS))
    connection.close()
    cells = wrong = 0
    for backwards in (False, True):
        reset(1 if backwards else 0)
        total = count(backwards=backwards)
        again, other = backwards, not backwards
        for moment in range(1, total + 1, every):
            for turns in ((again,), (other,), (other, again), (other, other), (other, again, other)):
                found = cell(moment, backwards=backwards, turns=turns)
                cells += found is not None
                if found:
                    wrong += 1
                    say(
                        {
                            "moment": moment,
                            "of": total,
                            "backwards": backwards,
                            "turns": turns,
                            "wrong": found,
                        }
                    )
    return cells, wrong


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many moments")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "evolution.tests.project"
    import django

    django.setup()
    cells, wrong = matrix(options.every)
    say({"cells": cells, "wrong": wrong})
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
