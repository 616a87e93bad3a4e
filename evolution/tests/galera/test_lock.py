"""Runs of `migrate` on the nodes of a cluster: at once, and with clients and nodes that die."""

import signal
import time
from subprocess import Popen

from galera_cluster import Node

from evolution.tests.holders import (
    HOLD,
    LOCK,
    MIGRATE,
    SETTINGS,
    held,
    migrate,
    migrate_until,
    said,
    started,
    take,
    tell,
    told,
)
from evolution.tests.processes import query, start

ADD_COLUMN = "ALTER TABLE `library_book` ADD COLUMN `isbn`"
# It computes for some milliseconds in each row.
SLOW = "ALTER TABLE slow ADD COLUMN hash varchar(64) AS (sha2(repeat(word, 300000), 256)) STORED"


def assert_done_once(node: Node) -> None:
    found = query(node.url, "SELECT MIN(pages), MAX(pages), COUNT(*), COUNT(isbn) FROM library_item")
    assert found == "[(101, 101, 20, 20)]"
    assert query(node.url, "SELECT COUNT(*) FROM library_writer WHERE name = 'Anonymous'") == "[(1,)]"


def failed_with(process: Popen[str]) -> str:
    """The last line of a process that has failed."""
    _output, errors = process.communicate("\n")
    assert process.returncode == 1, errors
    return errors.strip().splitlines()[-1]


def test_runs_on_three_nodes_at_once_do_the_work_once_and_all_end_well(nodes):
    processes = [start(node.url, MIGRATE) for node in nodes for _number in range(2)]
    errors = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, errors
    assert_done_once(nodes[0])


def test_a_run_on_another_node_waits_for_the_holder_and_says_for_whom(nodes):
    with held(nodes[0].url) as holder:
        # The server's own lock protects nothing here: the other node gives it away too.
        lock_name = "(SELECT GET_LOCK('evolution', 0) = 1)"
        assert query(nodes[1].url, f"SELECT {lock_name}") == "[(1,)]"
        code, _output, errors = migrate(nodes[1].url, LOCK_TIMEOUT=3)
        assert told(holder) == "well\n"
    assert code == 1
    assert "Another migrate has been running for 3 seconds (" in errors
    assert f"process {holder.pid})" in errors


def test_a_run_on_another_node_goes_on_where_a_killed_client_stopped(nodes):
    with started(nodes[0].url, migrate_until(ADD_COLUMN)) as process:
        assert said(process) == "there\n"
    assert process.returncode == -signal.SIGKILL
    code, _output, errors = migrate(nodes[1].url, HEARTBEAT_TIMEOUT=5)
    assert code == 0, errors
    assert f"process {process.pid} has died. This one takes over." in errors
    assert_done_once(nodes[2])


def test_a_run_on_the_same_node_goes_on_at_once_where_a_killed_client_stopped(nodes):
    with started(nodes[0].url, migrate_until(ADD_COLUMN)) as process:
        assert said(process) == "there\n"
    code, _output, errors = migrate(nodes[0].url)
    assert code == 0, errors
    assert "gives no sign of life" not in errors
    assert_done_once(nodes[2])


def test_a_holder_whose_heart_stands_still_for_a_long_change_of_a_table_keeps_the_lock(nodes):
    query(nodes[0].url, "CREATE TABLE slow (id integer PRIMARY KEY AUTO_INCREMENT, word varchar(20))")
    query(nodes[0].url, "INSERT INTO slow (word) VALUES " + ", ".join(["('0123456789')"] * 3000))
    # The other node is asked about the lock, and can't answer before it has changed its table too.
    query(nodes[1].url, "SET GLOBAL wsrep_provider_options = 'repl.causal_read_timeout=PT2S'")
    work = f"connection.cursor().execute({SLOW!r}); lock.check()"
    with held(nodes[0].url, work) as holder:
        begin = time.monotonic()
        tell(holder)
        impatient = SETTINGS.format({"HEARTBEAT_TIMEOUT": 5}) + "\n" + LOCK + HOLD.format(work="lock.check()")
        with started(nodes[1].url, impatient) as waiting:
            assert said(waiting).startswith("Another migrate is running (")
            assert said(holder) == "well\n"
            assert time.monotonic() - begin > 8  # seconds; longer than it takes to be taken for dead
            tell(holder)
            lines = [said(waiting)]
            while lines[-1] != "held\n":
                lines.append(said(waiting))
            assert "has died" not in "".join(lines)
    assert query(nodes[1].url, "SELECT COUNT(hash) FROM slow") == "[(3000,)]"


def test_a_transaction_of_a_frozen_holder_is_not_committed_after_another_node_has_taken_over(nodes):
    query(nodes[0].url, "CREATE TABLE done (id integer PRIMARY KEY)")
    work = """
        from django.db import transaction
        with transaction.atomic():
            connection.cursor().execute('INSERT INTO done VALUES (1)')
            lock.check()
            print('checked', flush=True)
            sys.stdin.readline()
"""
    with held(nodes[0].url, work.strip()) as holder:
        assert told(holder) == "checked\n"
        holder.send_signal(signal.SIGSTOP)
        code, output, errors = take(nodes[1].url, HEARTBEAT_TIMEOUT=5)
        assert code == 0, errors
        assert "has died. This one takes over." in output
        holder.send_signal(signal.SIGCONT)
        assert "LockLost: The lock of migrate " in failed_with(holder)
    assert query(nodes[1].url, "SELECT COUNT(*) FROM done") == "[(0,)]"


def test_a_run_whose_node_is_killed_ends_with_a_sentence_and_one_on_a_healthy_node_goes_on(nodes):
    with started(nodes[0].url, migrate_until(ADD_COLUMN)) as process:
        assert said(process) == "there\n"
        nodes[0].kill()
        assert "CommandError: The connection to the database was cut: " in failed_with(process)
    code, _output, errors = migrate(nodes[1].url, HEARTBEAT_TIMEOUT=5)
    assert code == 0, errors
    assert_done_once(nodes[2])


def test_a_run_whose_node_is_left_alone_ends_with_a_sentence_and_goes_on_when_the_node_may_write(nodes):
    with started(nodes[0].url, migrate_until(ADD_COLUMN)) as process:
        assert said(process) == "there\n"
        for node in nodes[1:]:
            node.kill()
        nodes[0].wait_for("wsrep_cluster_status", "non-Primary")
        assert "CommandError: This node of the cluster no longer takes statements: " in failed_with(process)
    code, _output, errors = migrate(nodes[0].url)
    assert code == 1
    assert "Run migrate on a node whose wsrep_local_state_comment is Synced." in errors
    assert errors.strip().splitlines()[-1].startswith("django.core.management.base.CommandError: ")
    query(nodes[0].url, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'")
    nodes[0].wait_for("wsrep_local_state_comment", "Synced")
    code, _output, errors = migrate(nodes[0].url, HEARTBEAT_TIMEOUT=5)
    assert code == 0, errors
    assert_done_once(nodes[0])


def test_a_node_that_would_change_its_own_tables_alone_is_refused(nodes):
    query(nodes[0].url, "SET GLOBAL wsrep_osu_method = 'RSU'")
    code, _output, errors = migrate(nodes[0].url)
    assert code == 1
    assert "wsrep_OSU_method is RSU, so that each table would be changed on this node alone." in errors
