"""Which server a connection is with."""

from django.db.backends.base.base import BaseDatabaseWrapper

from evolution.lock.errors import LockRefused


def server_identity(connection: BaseDatabaseWrapper) -> str:
    """The server that keeps this connection's GET_LOCK, told apart from all others.

    Raises LockRefused for a node of a Galera cluster where a change of a table would not reach the others.
    """
    found = _shown(
        connection, "VARIABLES", "server_uuid", "hostname", "port", "datadir", "wsrep_on", "wsrep_osu_method"
    )
    if found.get("wsrep_on") != "ON":
        return found.get("server_uuid") or f"{found['hostname']}:{found['port']} {found['datadir']}"[:255]
    if found["wsrep_osu_method"] != "TOI":
        raise LockRefused(
            f"wsrep_OSU_method is {found['wsrep_osu_method']}, so that each table would be changed on this node alone. "
            "Nothing was changed. Set it to TOI and run migrate again."
        )
    status = _shown(connection, "STATUS", "wsrep_gcomm_uuid", "wsrep_ready", "wsrep_local_state_comment")
    if status["wsrep_ready"] != "ON":
        raise LockRefused(
            f"This node of the cluster takes no statements now ({status['wsrep_local_state_comment']}). Nothing was "
            "changed. Run migrate on a node whose wsrep_local_state_comment is Synced."
        )
    return status["wsrep_gcomm_uuid"]  # another one each time that the node joins the cluster


def is_galera(connection: BaseDatabaseWrapper) -> bool:
    """Whether the server is a node of a Galera cluster."""
    return _shown(connection, "VARIABLES", "wsrep_on").get("wsrep_on") == "ON"


def _shown(connection: BaseDatabaseWrapper, what: str, *names: str) -> dict[str, str]:
    """What SHOW says of these names, as far as the server knows them; also on a node that answers nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {what} WHERE variable_name IN %s", [names])
        return {name.lower(): str(value) for name, value in cursor.fetchall()}
