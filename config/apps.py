"""The `config` app: it brings the management command `demo`, and Celery's app to every process."""

from django.apps import AppConfig


class ConfigApp(AppConfig):
    name = "config"

    def ready(self) -> None:
        """Without this, a web process would ring a doorbell that is connected to nothing."""
        import config.celery  # noqa: F401
