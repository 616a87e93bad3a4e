"""One kill, what is done about it, and what is not as it should be afterwards; empty when all is well."""

import signal
from collections.abc import Callable
from difflib import unified_diff
from typing import Any

from django.core.management.base import CommandError

from evolution.tests.crash.children import Say, in_a_child
from evolution.tests.crash.contents import contents, journal
from evolution.tests.crash.moments import Moment, Moments, end_oneself
from evolution.tests.crash.runs import abort, keeps_backups, migrate
from evolution.tests.crash.scenes import Scene, Seen, seen

Wrong = dict[str, Any]


def resumed(scene: Scene, moment: Moment, there: Seen) -> Wrong:
    """Killed at `moment`, where an onlooker saw `there`; then `migrate` again."""
    wrong = _killed(scene, moment, there)
    if code := in_a_child(lambda _say: migrate(scene.target)).code:
        wrong["the second run failed"] = code
    return wrong | differences(contents(), scene.after) | open_lines()


def taken_back(scene: Scene, moment: Moment, there: Seen, last: int = 0) -> tuple[Wrong, int]:
    """Killed at `moment`; then `migrate --abort`, itself killed at its moment `last` if there is one, and again then.

    Also how many moments the abort had. It may refuse where the run has dropped something and made no backup: then
    nothing may have changed, and `migrate` has to go on.
    """
    wrong = _killed(scene, moment, there)
    ended = in_a_child(lambda say: _abort(say, Moments(last, end=end_saying(say))))
    if last:
        if ended.code != -signal.SIGKILL:
            wrong["the abort was not killed"] = ended.code
        ended = in_a_child(lambda say: _abort(say, Moments()))
    if ended.code:
        return wrong | {"the abort failed": ended.code}, 0
    if isinstance(said := ended.said[-1], str):
        return wrong | _refused(scene, there, said), 0
    found = contents()
    if there.run == "finished" and found == scene.after:
        return wrong, 0  # The run was over, and said so.
    return wrong | differences(found, scene.before) | open_lines(), int(said)


def _abort(say: Say, moments: Moments) -> None:
    try:
        say(abort(moments))
    except CommandError as refused:
        say(str(refused))


def _refused(scene: Scene, there: Seen, said: str) -> Wrong:
    """The abort has refused, with this sentence: whether it was right to, and `migrate` goes on."""
    wrong: Wrong = {}
    if not ("the run made no backup" in said and not keeps_backups()):
        wrong["the abort refused"] = said
    if seen() != there:
        wrong["the abort refused and changed something"] = said
    if code := in_a_child(lambda _say: migrate(scene.target)).code:
        wrong["the second run failed"] = code
    return wrong | differences(contents(), scene.after) | open_lines()


def _killed(scene: Scene, moment: Moment, there: Seen) -> Wrong:
    """Kill a run at `moment`, and prove that it was there."""
    scene.snapshot.restore()
    ended = in_a_child(lambda say: migrate(scene.target, moments=Moments(moment.number, end=end_saying(say))))
    wrong: Wrong = {}
    if ended.code != -signal.SIGKILL:
        wrong["not killed"] = ended.code
    if keeps_backups():  # which wait for the server, and so are never the same number of statements
        return wrong
    if ended.said != [[moment.number, moment.side, moment.what]]:
        wrong["killed elsewhere"] = ended.said
    if (now := seen()) != there:
        wrong["what the kill left is not what was there"] = [now.journal, there.journal]
    return wrong


def end_saying(say: Say) -> Callable[[Moment], None]:
    """End this process at a moment, after saying at which."""

    def end(moment: Moment) -> None:
        say([moment.number, moment.side, moment.what])
        end_oneself(moment)

    return end


def differences(found: dict[str, Any], expected: dict[str, Any]) -> Wrong:
    """What differs, table by table: of definitions the lines that do, of rows all."""
    wrong: Wrong = {}
    for key in sorted(found.keys() | expected.keys()):
        one, other = found.get(key), expected.get(key)
        if key == "tables" and one and other:
            wrong |= {
                f"definition of {name}": list(unified_diff(other.get(name, []), one.get(name, []), n=0))
                for name in sorted(one.keys() | other.keys())
                if one.get(name) != other.get(name)
            }
        elif one != other:
            wrong[key] = {"found": one, "expected": other}
    return wrong


def open_lines() -> Wrong:
    """What is left open in the journal, where nothing should be."""
    left = journal()
    return {"open lines of the journal": left} if left else {}
