"""The site in a process of its own, as in production, with a page more, that fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from estimation.tests.site import Site

Start = Callable[..., Site]


@contextmanager
def failing_sites(folder: Path, **always: str) -> Iterator[Start]:
    """Starts such sites: each with these variables, and with those that it is started with.

    They write their log and mails to `folder`.
    """
    sites = []

    def start(**environment: str) -> Site:
        site = Site(
            DEBUG="off",
            HTTPS="off",
            ALLOWED_HOSTS="127.0.0.1",
            EMAIL_URL=f"filemail:///{folder}/mail",
            DJANGO_SETTINGS_MODULE="estimation.tests.failing_settings",
            **always | environment,
        )
        site.output = folder / "log"
        site.start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        site.kill()
