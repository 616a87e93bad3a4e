"""What `make soak` takes for a leak, and what not."""

import pytest

from estimation.tests.load.__main__ import Sample, _grown

HOUR = 720  # samples


def hour(*, memory: float = 0, threads: float = 0, files: float = 0, bursts: int = 0) -> list[Sample]:
    """The samples of an hour in which so much more of each is held from one quarter to the next."""
    return [
        Sample(
            100 + memory * place * 4 / HOUR,
            15 + int(threads * place * 4 / HOUR),
            25 + int(files * place * 4 / HOUR) + (bursts * place // HOUR if place % 7 else 0),
        )
        for place in range(HOUR)
    ]


def test_what_stays_as_it_is_has_not_grown():
    assert _grown(hour()) == []


def test_connections_that_are_open_for_a_moment_are_no_growth():
    assert _grown(hour(bursts=40)) == []


@pytest.mark.parametrize(
    ("growth", "sentence"),
    [
        ({"memory": 4}, "memory grew from 106 to 114"),
        ({"threads": 2}, "threads grew from 17 to 21"),
        ({"files": 2}, "files and sockets grew from 27 to 31"),
    ],
)
def test_what_grows_from_quarter_to_quarter_is_told(growth, sentence):
    assert _grown(hour(**growth)) == [sentence]


def test_the_last_thread_of_a_pool_and_its_connection_are_no_growth():
    late = hour()[: HOUR // 2] + [Sample(100, 16, 26)] * (HOUR // 2)
    assert _grown(late) == []
