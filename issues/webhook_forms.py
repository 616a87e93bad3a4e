"""What is typed about a webhook."""

from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from issues.forms import LinkField
from issues.webhooks.posting import NotAllowed, NotSent, NotTold, check


class WebhookForm(forms.Form):
    """Where events go."""

    url = LinkField(
        label=_("Address"),
        help_text=_("Where your program listens, beginning with https://."),
        error_messages={"required": _("Write the address of your program, beginning with https://.")},
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "url", "autocapitalize": "none"}),
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check(url)
        except NotAllowed:
            host = urlsplit(url).hostname
            raise ValidationError(
                _("This site sends nothing to %(host)s. Whoever runs it can allow it: WEBHOOK_HOSTS.")
                % {"host": host}
            ) from None
        except NotTold:
            raise ValidationError(
                _("Write https:// in front: without it everybody on the way could read your estimates.")
            ) from None
        except NotSent:
            host = urlsplit(url).hostname
            raise ValidationError(
                _(
                    "%(host)s can't be reached, or stands in a private network. Whoever runs this site can allow it: "
                    "WEBHOOK_PRIVATE_HOSTS."
                )
                % {"host": host}
            ) from None
        return url
