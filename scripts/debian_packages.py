"""Programs from Debian packages, unpacked into a folder of their own: nothing is installed, no root is needed.

apt-get downloads the packages with lists, cache and status of its own, from the mirror that the machine's own
apt sources name and with the machine's own keys; `dpkg -x` unpacks them. The folder holds every library the
programs need, the C library and its loader included, so a newer suite's programs run on an older Debian.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ETC_APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")
LAYOUT = 1  # raise it when the content of an unpacked folder changes: older folders are then not taken
LOADER = "ld-linux*.so.*"


class NotAvailable(Exception):
    """The programs can't be had on this machine. The message is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Source:
    """One entry of the machine's apt sources: where a mirror is, which suites it is used for, how it is trusted."""

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: str = ""

    def stanza(self, suite: str) -> str:
        """The same mirror and the same trust for another `suite`, as text for a `.sources` file."""
        lines = ["Types: deb", f"URIs: {self.uri}", f"Suites: {suite}", "Components: main"]
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        if self.trusted:
            lines.append(f"Trusted: {self.trusted}")
        return "\n".join(lines) + "\n"


def one_line_sources(text: str) -> Iterator[Source]:
    """The entries of a sources.list: `deb [option=value …] URI SUITE COMPONENT…`."""
    for line in text.splitlines():
        entry = re.match(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<rest>[^#]+)", line.strip())
        words = entry["rest"].split() if entry else []
        if entry is None or len(words) < 2:
            continue
        pairs = (option.partition("=") for option in (entry["options"] or "").split())
        options = {key: value for key, _, value in pairs}
        yield Source(
            words[0],
            (words[1],),
            tuple(words[2:]),
            options.get("signed-by", ""),
            options.get("trusted", ""),
        )


def deb822_sources(text: str) -> Iterator[Source]:
    """The entries of a `.sources` file: stanzas of `Field: value`, where an indented line goes on."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        for field in re.finditer(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE):
            fields[field[1].lower()] = field[2].rstrip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        for uri in fields.get("uris", "").split():
            yield Source(
                uri,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
                fields.get("trusted", ""),
            )


def machine_sources(etc_apt: Path = ETC_APT) -> Iterator[Source]:
    """Every entry that apt itself would read below `etc_apt`, in apt's order."""
    main = etc_apt / "sources.list"
    parts = sorted((etc_apt / "sources.list.d").glob("*"))
    for path in [main, *parts]:
        if not path.is_file():
            continue
        if path.suffix == ".list":
            yield from one_line_sources(path.read_text(encoding="utf-8"))
        elif path.suffix == ".sources":
            yield from deb822_sources(path.read_text(encoding="utf-8"))


def debian_mirror(etc_apt: Path = ETC_APT, os_release: Path = OS_RELEASE) -> Source:
    """The source from which this machine gets Debian itself; NotAvailable where there is none."""
    release = os_release.read_text(encoding="utf-8") if os_release.is_file() else ""
    if not re.search(r'^ID="?debian"?$', release, re.MULTILINE) or not shutil.which("apt-get"):
        raise NotAvailable(
            "this machine is not a Debian, so there is no package to take; "
            "start a server yourself and name it in DATABASE_URL"
        )
    codename = re.search(r'^VERSION_CODENAME="?([\w-]+)"?$', release, re.MULTILINE)
    names = {codename[1] if codename else "sid", "oldstable", "stable", "testing", "unstable", "sid"}
    for source in machine_sources(etc_apt):
        if "main" in source.components and names.intersection(source.suites):
            return source
    raise NotAvailable(
        f"no entry below {etc_apt} names a Debian mirror with the component main; "
        "add one, or start a server yourself and name it in DATABASE_URL"
    )


class PrivateApt:
    """apt-get with sources, lists, cache and package status of its own below a folder.

    Of the machine's configuration it takes what tells how to reach a mirror (proxy, timeouts, validity), and
    leaves out hooks that would act on the machine. A lock of the machine's own apt is never waited for.
    """

    def __init__(self, folder: Path, source: Source, suite: str) -> None:
        self.folder = folder
        self.suite = suite
        for name in ("state/lists/partial", "cache/archives/partial", "sources", "empty"):
            (folder / name).mkdir(parents=True)
        (folder / "state" / "status").touch()
        (folder / "sources" / "suite.sources").write_text(source.stanza(suite), encoding="utf-8")
        (folder / "apt.conf").write_text(self._configuration(), encoding="utf-8")
        # As root, apt downloads as a user of its own, who has to find the way in.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def _configuration(self) -> str:
        machine = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        kept = [line for line in machine.splitlines() if line.startswith(("Acquire::", "APT::Architecture"))]
        own = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state" / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.folder / "sources",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": self.folder / "empty",
            "Dir::Etc::preferencesparts": self.folder / "empty",
            "Dir::Etc::preferences": "/dev/null",
        }
        return "\n".join([*kept, *(f'{key} "{value}";' for key, value in own.items())]) + "\n"

    def _run(self, *arguments: str) -> None:
        command = ["apt-get", "--quiet", "--yes", *arguments]
        environment = {**os.environ, "APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        answer = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        complaints = [line for line in answer.stderr.splitlines() if line.startswith(("E:", "W:"))]
        if "NO_PUBKEY" in answer.stderr:
            raise NotAvailable(
                f"this machine's keys do not sign Debian's suite {self.suite}; install a newer "
                "debian-archive-keyring: apt-get update && apt-get install debian-archive-keyring"
            )
        # apt-get update ends with 0 when nothing could be reached, and says so in a warning.
        if answer.returncode or "Failed to fetch" in answer.stderr:
            reason = (complaints or answer.stdout.splitlines() or ["no reason given"])[0].strip()
            raise NotAvailable(
                f"its packages could not be downloaded from Debian's suite {self.suite} ({reason.rstrip('. ')}); "
                "check the network, or start a server yourself and name it in DATABASE_URL"
            )

    def download(self, packages: Sequence[str]) -> list[Path]:
        """The `packages` and everything they depend on, as files; NotAvailable when that fails."""
        self._run("update")
        self._run("--download-only", "--no-install-recommends", "install", *packages)
        return sorted((self.folder / "cache" / "archives").glob("*.deb"))


@dataclass(frozen=True)
class Unpacked:
    """A folder with the content of packages. `root` is to them what / is on a machine."""

    root: Path

    @property
    def _library_folders(self) -> list[Path]:
        triplets = {loader.parent.name for loader in self._loaders()}
        candidates = [self.root / base / triplet for base in ("lib", "usr/lib") for triplet in triplets]
        return [folder for folder in candidates if folder.is_dir()]

    def _loaders(self) -> list[Path]:
        found = [*self.root.glob(f"lib/*/{LOADER}"), *self.root.glob(f"usr/lib/*/{LOADER}")]
        return [loader for loader in found if loader.is_file()]

    def command(self, program: str) -> list[str]:
        """How to run `program` (such as `mysqldump`) by the folder's own loader; FileNotFoundError if absent."""
        for folder in ("usr/sbin", "usr/bin", "bin", "lib/systemd"):
            path = self.root / folder / program
            if path.is_file():
                break
        else:
            raise FileNotFoundError(program)
        if path.read_bytes()[:4] != b"\x7fELF":
            return [str(path)]
        libraries = ":".join(str(folder) for folder in self._library_folders)
        return [str(self._loaders()[0]), "--library-path", libraries, str(path)]


def unpacked(
    name: str, suite: str, packages: Sequence[str], cache: Path, mirror: Source | None = None
) -> Unpacked:
    """The `packages` of Debian's `suite`, unpacked below `cache` as `name`; downloaded if they are not there.

    `mirror` is where they come from, the machine's own Debian mirror if not given.

    The folder appears under its name only when it is whole, so an interrupted download is never taken for one.
    NotAvailable when they can't be had here.
    """
    final = cache / f"{name}-{suite}-{LAYOUT}"
    if not final.is_dir():
        source = mirror or debian_mirror()
        cache.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="apt-") as downloads,
            tempfile.TemporaryDirectory(prefix=f"{name}-partial-", dir=cache) as partial,
        ):
            root = Path(partial) / "root"
            root.mkdir()
            for archive in PrivateApt(Path(downloads), source, suite).download(packages):
                subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
            _take_name(root, final)
    return Unpacked(final)


def _take_name(folder: Path, final: Path) -> None:
    try:
        folder.rename(final)
    except OSError:
        if not final.is_dir():  # otherwise someone else fetched the same at the same time, which is as good
            raise
