"""Fixtures for every test: the cast (Alice owns, Bob is a member, Charlie is a stranger) and their group."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings

from groups.models import Group, Membership, Role
from issues import remembered
from users import mails, rate_limits
from users.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session", autouse=True)
def _light_settings() -> Iterator[None]:
    """A cheap password hash, and static files straight from the source folders, for the live server too."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES=settings.STORAGES | {"staticfiles": storage},
        WHITENOISE_AUTOREFRESH=True,
        WHITENOISE_USE_FINDERS=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Each test has rooms of its own, though their numbers and versions are those of the one before; and its mails."""
    remembered.forget()
    rate_limits.forget()
    yield
    mails.wait()


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice@example.org", "Alice", PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob@example.org", "Bob", PASSWORD)


@pytest.fixture
def charlie(db: None) -> User:
    return User.objects.create_user("charlie@example.org", "Charlie", PASSWORD)


@pytest.fixture
def guest(db: None) -> User:
    return User.objects.create_guest("Gast")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff@example.org", "Staff", PASSWORD)


@pytest.fixture
def payments(alice: User, bob: User) -> Group:
    """Alice's group, in which Bob votes."""
    group = Group.objects.start(alice, "Payments")
    group.join(bob, nickname="Bob", role=Role.VOTER)
    return group


@pytest.fixture
def bobs_seat(payments: Group, bob: User) -> Membership:
    return Membership.objects.get(group=payments, user=bob)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What has nothing to do with the engine is tried once, with SQLite."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return
    once = [item for item in items if item.get_closest_marker("once")]
    config.hook.pytest_deselected(items=once)
    items[:] = [item for item in items if item not in once]
