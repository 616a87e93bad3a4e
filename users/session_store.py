"""Sessions as Django keeps them in the database, and whose each is (`UserSession`): people can see and end theirs.

A request reads and writes what it did before: a row of `UserSession` is written when a session is kept under a key for
the first time with somebody in it, and goes with the session. The session notes that it was done (`_LISTED`).
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db import router, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from users.compiled_queries import CompiledQuery
from users.models import UserSession

_LISTED = "listed_as"
_session = CompiledQuery(lambda key: Session.objects.filter(session_key=key), "key")


class SessionStore(DatabaseSessionStore):
    """The engine of sessions (SESSION_ENGINE)."""

    def load(self) -> dict[str, Any]:
        """What the session holds. One that an earlier release has kept is kept anew at the end of this request."""
        held: dict[str, Any] = super().load()
        if SESSION_KEY in held and held.get(_LISTED) != self.session_key:
            self.modified = True
        return held

    def _get_session_from_db(self) -> Session | None:
        """As Django does, by SQL that is written once."""
        session = _session.find(self.session_key or "")
        if session is not None and session.expire_date > timezone.now():
            return session
        self._session_key = None
        return None

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 (Django's signature)
        held = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in the stubs
        if self.session_key is None or SESSION_KEY not in held or held.get(_LISTED) == self.session_key:
            super().save(must_create)
            return
        held[_LISTED] = self.session_key
        with transaction.atomic(using=router.db_for_write(self.model)):
            super().save(must_create)
            UserSession.objects.update_or_create(
                session_id=self.session_key, defaults={"user_id": int(held[SESSION_KEY])}
            )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        super().delete(session_key)
        UserSession.objects.filter(session=key).delete()

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the sessions that have ended (`manage.py clearsessions`)."""
        super().clear_expired()
        session = cls.get_model_class().objects.filter(pk=OuterRef("session"))
        UserSession.objects.exclude(Exists(session)).delete()
