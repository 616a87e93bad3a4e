"""Watches, beside the requests, whether the code works with the database's schema."""

import logging
import threading

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from evolution import compatibility
from evolution.runs import Node

logger = logging.getLogger(__name__)

FIRST = 5.0  # seconds that `watch` waits for the first look
EVERY = 2.0  # seconds between two looks; a look is one query as long as nothing has changed
SILENT = "The database does not answer."


class Readiness:
    """Whether this process can serve, as a look at the database found it last.

    `refusal` says why the schema is none that the code works with; empty where it is one, and until the first look.
    """

    def __init__(self, alias: str = DEFAULT_DB_ALIAS) -> None:
        self.refusal = ""
        self._alias = alias
        self._recorded: tuple[Node, ...] | None = None
        self._silent = False
        self._looked = threading.Event()

    def look(self) -> str:
        """Why this process can't serve now, in a sentence; empty where it can. What changes is logged."""
        connection = connections[self._alias]
        try:
            recorded = compatibility.recorded(connection)
            if recorded != self._recorded:
                self._tell(compatibility.reason_against(connection))
                self._recorded = recorded
        except DatabaseError as error:
            if not self._silent:
                logger.warning("%s %s", SILENT, error)
            self._silent = True
            return SILENT
        if self._silent:
            logger.warning("The database answers again.")
        self._silent = False
        return self.refusal

    def watch(self) -> None:
        """Look now, and from now on in a thread that ends with the process.

        Also the first look is the thread's: who calls may be in an event loop, where Django asks no database.
        """
        threading.Thread(target=self._keep_looking, name="readiness", daemon=True).start()
        self._looked.wait(FIRST)

    def _keep_looking(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.look()
            except Exception:  # a defect here is no reason to stop watching
                logger.exception("Looking at the database's schema failed.")
            finally:
                connections[self._alias].close()
            self._looked.set()
            pause.wait(EVERY)

    def _tell(self, reason: str) -> None:
        if reason:
            logger.error("Nothing is served: %s", reason)
        elif self.refusal:
            logger.warning("Serving again: the database has a schema that this release works with.")
        self.refusal = reason
