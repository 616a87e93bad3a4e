"""Keys that somebody chose, and whether they are worth anything."""

LENGTH = 50  # characters; with VARIETY what Django's check security.W009 asks of SECRET_KEY
VARIETY = 5  # different ones among them
# What stands in examples, and in the files that `startproject` writes. In 50 characters of chance it hardly ever does.
PLACEHOLDERS = (
    "django-insecure-",
    "changeme",
    "change-me",
    "change_me",
    "replace-me",
    "replace_me",
    "secret-key",
)


def weakness(key: str, least: int = LENGTH) -> str:
    """What is wrong with a key, as the end of a sentence that begins with its name; empty where nothing is.

    The key itself is not in it, so that it may be told. `least` is how many characters the key needs.
    """
    if any(placeholder in key.lower() for placeholder in PLACEHOLDERS):
        return "is a placeholder that everybody knows"
    if len(key) < least:
        return f"has {len(key)} characters and needs {least}"
    if len(set(key)) < VARIETY:
        return f"is made of fewer than {VARIETY} different characters"
    return ""
