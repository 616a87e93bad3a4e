"""Mails about accounts.

They are sent after the page is answered, in a thread: neither what the page says nor how long it takes tells whether
there is an account. What is not sent yet when the process ends is sent before; when it is killed, people ask again.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.mail import send_mail
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.utils import translation

from users.models import User
from users.rate_limits import RateLimit, TooManyRequests
from users.signals import mail_tried

# By mailbox: nobody is buried in mails that others asked for.
MAILS = RateLimit("mail", "3/hour;10/day")

logger = logging.getLogger(__name__)
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mails")


def later(work: Callable[[], object]) -> None:
    """Do it in the thread, in the present language. What goes wrong there is logged."""
    _thread.submit(_done, work, translation.get_language() or "en")


def wait() -> None:
    """Returns when everything is sent that was asked for so far."""
    _thread.submit(lambda: None).result()


def send(template: str, address: str, **context: Any) -> None:
    """Send the mail `users/mails/TEMPLATE.txt`, whose first line is the subject; at most MAILS to one address."""
    try:
        MAILS.take(address)
    except TooManyRequests:
        logger.warning("No more mails to one mailbox for now: it got as many as it may.")
        return
    subject, _blank, text = render_to_string(f"users/mails/{template}.txt", context).partition("\n")
    send_mail(subject, text.strip() + "\n", None, [address])
    mail_tried.send(User, is_sent=True)


def tell(user: User, template: str) -> None:
    """Tell the owner of an account what was done to it, later: another one may have done it."""
    address, nickname = user.email, user.nickname
    if address:
        later(lambda: send(template, address, nickname=nickname))


def _done(work: Callable[[], object], language: str) -> None:
    try:
        with translation.override(language):
            work()
    except Exception:
        logger.exception("A mail could not be sent.")
        mail_tried.send(User, is_sent=False)
    finally:
        close_old_connections()
