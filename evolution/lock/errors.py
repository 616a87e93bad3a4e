"""What keeps a run of `migrate` from the lock, each told in a sentence that says what to do."""

# Errors after which the server does not know this connection any more, or takes no statements from it.
# https://mariadb.com/kb/en/mariadb-error-code-reference/, https://dev.mysql.com/doc/mysql-errors/9.7/en/
_GONE = frozenset({1053, 1152, 1158, 1159, 1160, 1161, 1927, 2002, 2003, 2006, 2013, 2055, 4031})
NODE_NOT_READY = 1047  # of a Galera cluster: the node is not, or no longer, part of one that has a majority
READ_ONLY = frozenset({1290, 1792, 1836})
DENIED = frozenset({1044, 1142, 1143})


class LockError(Exception):
    """The lock can't be had or is no longer held; the message is for the one who runs `migrate`."""


class LockHeld(LockError):
    """Another run of `migrate` did not end within the time; the message says whose it is."""


class LockLost(LockError):
    """The lock was held and is no longer: the connection was cut, or another run has taken over."""


class LockRefused(LockError):
    """There can be no lock here, or not for this user; nothing was changed."""


def error_number(error: BaseException) -> int:
    """The server's or client's number of a database error; 0 where it has none."""
    number = error.args[0] if error.args else 0
    return number if isinstance(number, int) else 0


def error_text(error: BaseException) -> str:
    """What the server or the client said, with the number."""
    return f"{error.args[1] if len(error.args) > 1 else error} ({error_number(error)})"


def lost_connection(error: BaseException) -> LockLost | None:
    """The LockLost that this database error means; None where the connection is all right."""
    number = error_number(error)
    if number == NODE_NOT_READY:
        return LockLost(
            f"This node of the cluster no longer takes statements: {error_text(error)}. Run migrate again on a node "
            "whose wsrep_local_state_comment is Synced; it goes on where this run stopped."
        )
    # The client has no number for a connection that it has closed already.
    if number in _GONE or (type(error).__name__ == "InterfaceError" and number == 0):
        return LockLost(
            f"The connection to the database was cut: {error_text(error)}. Run migrate again when the database "
            "answers; it goes on where this run stopped."
        )
    return None


def refusal(error: BaseException) -> LockRefused:
    """Why the lock can't be taken, where it is not because of another run."""
    number, text = error_number(error), error_text(error)
    if number == NODE_NOT_READY:
        hint = "Run migrate on a node of the cluster whose wsrep_local_state_comment is Synced."
    elif number in READ_ONLY:
        hint = "Run migrate on the server that takes writes."
    elif number in DENIED:
        hint = (
            "Let an administrator grant the database's user CREATE, SELECT, INSERT, UPDATE and DELETE on it."
        )
    else:
        hint = "Run migrate again when the database answers."
    return LockRefused(f"The lock of migrate can't be taken: {text}. Nothing was changed. {hint}")
