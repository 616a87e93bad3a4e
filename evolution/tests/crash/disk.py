"""What a disk may hold after the power has failed, found from the system calls of a process that wrote to it.

What was written to a file is sure to be there once the file was synchronised; before that each sector may have reached
the disk or not, in any order. That a file was made or removed is sure once its folder was synchronised; before that
the newest of such changes may be lost.
"""

import copy
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Every byte of what is written, and the names of the files.
TRACING = ("-y", "-xx", "-s", "1048576", "-e", "trace=openat,pwrite64,ftruncate,fsync,fdatasync,unlink")
SECTOR = 512  # bytes, the least that a disk writes whole

_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>\d+)")
_PATH = r"\d+<(?P<path>[^>]*)>"
_TEXT = r'"(?P<text>[^"]*)"'


@dataclass(frozen=True)
class Call:
    """A system call that succeeded: `data` for pwrite64, `number` its place in the file or ftruncate's length."""

    name: str
    path: Path
    data: bytes = b""
    number: int = 0


def calls(said: str, folder: Path) -> list[Call]:
    """The calls on files in `folder`, and on itself, that strace has told of with the options TRACING.

    Without those on SQLite's -shm files, which it makes anew after a crash.
    """
    found = [call for line in said.splitlines() for call in _call(line)]
    return [
        call
        for call in found
        if call.path == folder or (call.path.parent == folder and not call.path.name.endswith("-shm"))
    ]


def _call(line: str) -> Iterator[Call]:
    match = _CALL.match(line)
    if not match:
        return
    name, arguments = match["name"], match["arguments"]
    if name == "openat":
        if "O_CREAT" in arguments and (opened := re.search(_TEXT, arguments)):
            yield Call(name, _path(opened["text"]))
    elif name == "unlink":
        if removed := re.match(_TEXT, arguments):
            yield Call(name, _path(removed["text"]))
    elif written := re.match(rf"{_PATH}(?:, {_TEXT}, \d+)?(?:, (?P<number>\d+))?$", arguments):
        yield Call(name, _path(written["path"]), _bytes(written["text"] or ""), int(written["number"] or 0))


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(text: str) -> Path:
    return Path(_bytes(text).decode() if text.startswith("\\x") else text)


@dataclass
class File:
    """What is sure to be on the disk, and the calls since, which may be."""

    sure: bytearray = field(default_factory=bytearray)
    pending: list[Call] = field(default_factory=list)


class Disk:
    """The files of a folder, of which all that they hold at first is sure."""

    def __init__(self, files: dict[Path, bytes]) -> None:
        self.files = {path: File(bytearray(held)) for path, held in files.items()}
        # The names that are sure to be there, and the files made since, None for one removed, in order.
        self._names = dict(self.files)
        self._changes: list[tuple[Path, File | None]] = []

    def take(self, call: Call) -> None:
        """Note what a call has done."""
        match call.name:
            case "openat":
                if call.path not in self.files:
                    self.files[call.path] = File()
                    self._changes.append((call.path, self.files[call.path]))
            case "unlink":
                del self.files[call.path]
                self._changes.append((call.path, None))
            case "pwrite64" | "ftruncate":
                self.files[call.path].pending.append(call)
            case "fsync" | "fdatasync" if call.path in self.files:
                file = self.files[call.path]
                for written in file.pending:
                    _write(file.sure, written)
                file.pending = []
                # What a file system writes with a file is its name, and the changes of names before it.
                self._settle(
                    1 + max((n for n, (_p, made) in enumerate(self._changes) if made is file), default=-1)
                )
            case "fsync" | "fdatasync":
                self._settle(len(self._changes))

    def _settle(self, count: int) -> None:
        _apply(self._names, self._changes[:count])
        del self._changes[:count]

    def whole(self) -> dict[Path, bytes]:
        """What the files hold when all was written."""
        disk = copy.deepcopy(self)
        for path in list(disk.files):
            disk.take(Call("fsync", path))
        return {path: bytes(file.sure) for path, file in disk.files.items()}

    def after_power_loss(self, chance: random.Random) -> dict[Path, bytes]:
        """One of the things that the files may hold when the power fails now."""
        names = dict(self._names)
        _apply(names, self._changes[: chance.randint(0, len(self._changes))])
        return {path: _left(file, chance) for path, file in names.items()}


def _apply(names: dict[Path, File], changes: list[tuple[Path, File | None]]) -> None:
    for path, made in changes:
        if made is None:
            names.pop(path, None)
        else:
            names[path] = made


def _left(file: File, chance: random.Random) -> bytes:
    held = bytearray(file.sure)
    for call in file.pending:
        for part in _sectors(call):
            if chance.random() < 0.5:
                _write(held, part)
    return bytes(held)


def _sectors(call: Call) -> Iterator[Call]:
    if call.name == "ftruncate":
        yield call
        return
    start = 0
    while start < len(call.data):
        place = call.number + start
        end = start + SECTOR - place % SECTOR
        yield Call(call.name, call.path, call.data[start:end], place)
        start = end


def _write(held: bytearray, call: Call) -> None:
    held.extend(bytes(max(0, call.number - len(held))))
    if call.name == "ftruncate":
        del held[call.number :]
    else:
        held[call.number : call.number + len(call.data)] = call.data
