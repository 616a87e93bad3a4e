from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from issues import announcements


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = _("Issues")

    def ready(self) -> None:
        from issues import receivers  # noqa: F401 (connects them)

        if settings.REDIS_URL:
            from issues.feed.broker import Publisher

            announcements.listen(Publisher(settings.REDIS_URL).publish)
