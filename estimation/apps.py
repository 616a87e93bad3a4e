from django.apps import AppConfig
from django.conf import settings


class EstimationConfig(AppConfig):
    name = "estimation"

    def ready(self) -> None:
        from estimation.monitoring import security  # noqa: F401 (connects its receivers)

        if settings.SENTRY_DSN:
            from estimation.monitoring import error_reports  # for those alone who want it

            error_reports.start(settings.SENTRY_DSN)
