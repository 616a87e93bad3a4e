"""What a browser is called: in words that people know, from what it says of itself (`User-Agent`).

Whoever sends a request can say what they like there, so it is told to the person alone, and nothing is decided by it.
"""

# The first that stands in the text counts: Edge and Opera say that they are Chrome, and Chrome that it is Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
# Phones say what they have grown out of as well: Android is a Linux, and an iPhone is "like Mac OS X".
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def name(user_agent: str) -> tuple[str, str]:
    """Browser and system, such as ("Firefox", "Windows"); each empty where it is none of those that are known."""
    return _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for mark, name in names if mark in text), "")
