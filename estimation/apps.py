from django.apps import AppConfig


class EstimationConfig(AppConfig):
    name = "estimation"

    def ready(self) -> None:
        from estimation.monitoring import security  # noqa: F401 (connects its receivers)
