"""Where the programs come from: the machine's own apt sources, and a folder that is whole or not there."""

from pathlib import Path

import pytest
from debian_packages import (
    NotAvailable,
    Source,
    deb822_sources,
    debian_mirror,
    one_line_sources,
    unpacked,
)

DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nNAME="Debian GNU/Linux"\n'
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/one.gpg] http://one.example/debian bookworm main contrib # a note
"""
DEB822 = """\
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
Enabled: no

# a comment between fields
Types: deb deb-src
URIs: http://two.example/debian http://three.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF==
 -----END PGP PUBLIC KEY BLOCK-----
"""


def machine(folder: Path, *, os_release: str = DEBIAN, **sources: str) -> tuple[Path, Path]:
    """A machine's /etc/apt and /etc/os-release below `folder`; `sources` are its .sources files."""
    parts = folder / "apt" / "sources.list.d"
    parts.mkdir(parents=True)
    for name, text in sources.items():
        (parts / f"{name}.sources").write_text(text)
    (folder / "os-release").write_text(os_release)
    return folder / "apt", folder / "os-release"


def test_a_one_line_entry_is_read_with_its_key_and_comments_are_not() -> None:
    assert list(one_line_sources(ONE_LINE)) == [
        Source("http://one.example/debian", ("bookworm",), ("main", "contrib"), "/keys/one.gpg")
    ]


def test_a_stanza_gives_a_source_for_each_of_its_addresses() -> None:
    found = list(deb822_sources(DEB822))
    assert [source.uri for source in found] == ["http://two.example/debian", "http://three.example/debian"]
    assert found[0].suites == ("bookworm", "bookworm-updates")


def test_a_key_that_stands_in_the_stanza_goes_on_to_another_suite() -> None:
    source = next(deb822_sources(DEB822))
    (again,) = deb822_sources(source.stanza("sid"))
    assert again.suites == ("sid",)
    assert again.signed_by == source.signed_by
    assert "mQINBF==" in again.signed_by


def test_the_mirror_is_the_entry_of_the_release_itself(tmp_path: Path) -> None:
    security = "Types: deb\nURIs: http://s.example/security\nSuites: bookworm-security\nComponents: main\n"
    assert debian_mirror(*machine(tmp_path, a=security, b=DEB822)).uri == "http://two.example/debian"


def test_without_a_debian_mirror_the_sentence_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"apt names a Debian mirror .* add one"):
        debian_mirror(*machine(tmp_path))


def test_another_system_is_told_to_name_a_server(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"not a Debian.* DATABASE_URL"):
        debian_mirror(*machine(tmp_path, os_release="ID=fedora\n", a=DEB822))


def test_a_download_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    no_mirror = Source("file:/no/such/folder", ("bookworm",), ("main",))
    with pytest.raises(NotAvailable, match="could not be downloaded from Debian's suite bookworm"):
        unpacked("thing", "bookworm", ["thing"], tmp_path, no_mirror)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_taken_without_a_download(tmp_path: Path) -> None:
    no_mirror = Source("file:/no/such/folder", ("bookworm",), ("main",))
    (tmp_path / "thing-bookworm-1").mkdir()
    assert unpacked("thing", "bookworm", ["thing"], tmp_path, no_mirror).root.name == "thing-bookworm-1"
