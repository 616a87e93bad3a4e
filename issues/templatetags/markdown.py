"""`{{ text|markdown }}` in templates."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from issues.markdown import render

register = template.Library()


@register.filter(is_safe=True)
def markdown(text: str) -> SafeString:
    """The text as HTML, as `issues.markdown` makes it: below the page's second heading."""
    return mark_safe(render(text))  # noqa: S308 (sanitised) # nosec B308, B703
