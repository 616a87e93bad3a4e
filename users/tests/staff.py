"""Staff with some permissions only, for tests of the admin."""

from django.contrib.auth.models import Permission

from conftest import PASSWORD
from users.models import User


def staff_with(*permissions: str) -> User:
    """Somebody who may enter the admin and has the permissions, each named as `app.codename`."""
    clerk = User.objects.create_user("clerk@example.org", "Clerk", PASSWORD, is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        clerk.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return clerk
