"""What holding the lock means to the one who holds it."""

import getpass
import os
import socket


class Lock:
    """The lock of a database, held. As it stands here: of a database that nobody else can reach."""

    def check(self) -> None:
        """Go on only if the lock is still held; raises LockLost otherwise."""


def myself() -> str:
    """This process, as others are told who holds the lock: user, host and process id."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in a container
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}, process {os.getpid()}"[:255]
