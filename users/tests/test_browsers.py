"""What a browser is called, by what it says of itself."""

import pytest

from users import browsers

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (f"{WINDOWS[:-1]}; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox", "Windows"),
        (f"{WINDOWS} {CHROME}", "Chrome", "Windows"),
        (f"{WINDOWS} {CHROME} Edg/131.0.0.0", "Edge", "Windows"),
        (f"{WINDOWS} {CHROME} OPR/116.0.0.0", "Opera", "Windows"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME}", "Chrome", "Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}", "Chrome", "ChromeOS"),
        (f"{ANDROID} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome", "Android"),
        (
            f"{ANDROID} SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
        ),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "Safari", "iPhone"),
        (f"{IPHONE} CriOS/131.0.0.0 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
            "Safari",
            "macOS",
        ),
        ("curl/8.5.0", "", ""),
        ("Nobody/1.0 (Linux)", "", "Linux"),
        ("", "", ""),
    ],
)
def test_it_is_called_as_people_know_it(user_agent, browser, system):
    assert browsers.name(user_agent) == (browser, system)
