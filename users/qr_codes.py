"""QR codes, to be read from the screen by a phone."""

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(text: str) -> SafeString:
    """The QR code of a text as inline SVG, dark on light whatever the colour scheme: cameras want it so."""
    code = segno.make(text, error="m", micro=False)
    return mark_safe(  # noqa: S308 (made by the library; the text is in the picture, not in the markup) # nosec B308, B703
        code.svg_inline(scale=4, border=3, dark="#17231d", light="#ffffff", omitsize=True)
    )
