"""A real browser whose requests this process answers by itself, within the test's own transaction.

The pages, their headers and their scripts are what the site sends; only the network between is left out. So a
hundred forms can be sent and looked at, and each undone again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Route, expect

SITE = "http://testserver"
# Runs before anything in a page: tells of each break of the content security policy.
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample} in ${location.pathname}`);
});
"""

# What is in a page and must not be, and all its text: what is read, what stands in attributes and in inputs.
LOOK = r"""
() => {
  const strange = [];
  const texts = [document.documentElement.textContent];
  const foreign = new Set(["iframe", "object", "embed", "base", "math", "mglyph", "style"]);
  const addresses = new Set(["href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "poster"]);
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName;
    const isScript = name === "script" && !element.src && element.type !== "application/json";
    const isUnknown = element instanceof HTMLUnknownElement;
    if (foreign.has(name) || isUnknown || isScript || (name === "meta" && /javascript:/i.test(element.content))) {
      strange.push(element.outerHTML.slice(0, 200));
    }
    for (const { name: attribute, value } of element.attributes) {
      texts.push(value);
      const scheme = value.replace(/[\u0000-\u0020]/g, "").toLowerCase();
      const runs = addresses.has(attribute) && /^(javascript|data|vbscript):/.test(scheme);
      if (/^on/i.test(attribute) || runs || attribute === "xss") {
        strange.push(element.outerHTML.slice(0, 200));
      }
    }
    if ("value" in element) {
      texts.push(String(element.value));
    }
  }
  return { strange, text: texts.join("\u0001") };
}
"""


@dataclass
class Harm:
    """What a browser has noticed, of all pages that it has opened."""

    calls: list[str] = field(default_factory=list)  # of `p`, and dialogs
    violations: list[str] = field(default_factory=list)  # of the content security policy
    strange: list[str] = field(default_factory=list)  # elements and attributes that no page has
    foreign: list[str] = field(default_factory=list)  # requests that only a text can have made
    pages: int = 0

    @property
    def is_none(self) -> bool:
        return not (self.calls or self.violations or self.strange or self.foreign)

    def watch(self, context: BrowserContext) -> None:
        """Note what happens in all pages of the browser."""
        context.expose_function("p", lambda *arguments: self.calls.append(f"p{arguments}"))
        context.expose_function("violated", lambda told: self.violations.append(told))  # noqa: PLW0108 (a built-in method is refused)
        context.add_init_script(LISTEN)
        context.on("dialog", self._asked)
        context.on("console", self._heard)

    def look(self, page: Page) -> str:
        """Look a page over; its text, with single spaces."""
        seen = page.evaluate(LOOK)
        self.pages += 1
        self.strange += [f"{urlsplit(page.url).path}: {element}" for element in seen["strange"]]
        return plain(seen["text"])

    def _asked(self, dialog: Dialog) -> None:
        self.calls.append(dialog.message)
        dialog.dismiss()

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "TrustedHTML" in message.text:
            self.violations.append(message.text)


class Bridge:
    """Somebody's browser in front of Django's test client."""

    def __init__(self, context: BrowserContext, harm: Harm, client: Client) -> None:
        self.client = client
        self.harm = harm
        self.scripts_write = (
            False  # whether a room is looked at again after its scripts have written all of it
        )
        self.page = context.new_page()
        self._answers: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        harm.watch(context)
        context.route("**/*", self._answer)

    def open(self, address: str, headers: Mapping[str, str] | None = None) -> str:
        """Open an address; the text of the page."""
        return self.show(address, self.client.get(address, headers=headers or {}, follow=True))

    def send(self, address: str, data: Mapping[str, Any]) -> str:
        """Send a form; the text of the page that comes of it."""
        return self.show(address, self.client.post(address, data, follow=True))

    def show(self, address: str, answer: Any) -> str:
        """Show what the site has answered, at the address to which it led; the text of the page."""
        shown_at = SITE + address
        for led_to, _status in getattr(answer, "redirect_chain", []):
            shown_at = urljoin(shown_at, led_to)
        shown_at = shown_at.partition("#")[0]
        if "attachment" in answer.get("Content-Disposition", "") or not answer.content:
            return ""  # a browser shows nothing of it
        self._answers[urlsplit(shown_at).path] = answer
        self._know_what_scripts_ask(urlsplit(shown_at).path)
        self.page.goto(shown_at)
        text = self.harm.look(self.page)
        if self.scripts_write and self.page.locator("#room").count():
            self._let_scripts_write_it()
            text += self.harm.look(self.page)
        return text

    def will_tell(self, address: str, parameters: Mapping[str, Any]) -> None:
        """What a script of the next page is told when it asks at this address."""
        self._told[address] = _copied(self.client.get(address, parameters))

    def _know_what_scripts_ask(self, path: str) -> None:
        """Ask it now: the browser asks from a context of Playwright's, which sees nothing of the transaction."""
        asked = []
        if re.fullmatch(r"/groups/\d+/", path):
            asked = [f"{path}state/", f"{path}vote/"]  # the whole state, so that scripts write the page anew
        elif path.startswith("/admin/"):
            asked = [reverse("admin:jsi18n")]
        for address in asked:
            self._told[address] = _copied(self.client.get(address))

    def _let_scripts_write_it(self) -> None:
        """The room asks for its state as it does when a phone wakes up, and writes all of it anew."""
        self.page.evaluate("""() => {
            for (const part of document.querySelectorAll('[id^="part-"] > *, #seats > *')) {
                part.dataset.old = "yes";
            }
            document.dispatchEvent(new Event("visibilitychange"));
        }""")
        expect(self.page.locator("[data-old]")).to_have_count(0)

    def _answer(self, route: Route) -> None:
        where = urlsplit(route.request.url)
        is_own = f"{where.scheme}://{where.netloc}" == SITE
        if route.request.is_navigation_request() and where.path in self._answers:
            route.fulfill(**_copied(self._answers.pop(where.path)))
        elif is_own and where.path in self._told:
            route.fulfill(**self._told[where.path])
        elif is_own and where.path.startswith("/static/"):
            route.fulfill(path=finders.find(where.path.removeprefix("/static/")))
        elif is_own and where.path.endswith("/feed/"):
            route.fulfill(status=404)
        else:
            if where.path != "/favicon.ico":
                self.harm.foreign.append(route.request.url)
            route.abort()


def plain(text: str) -> str:
    """The text with single spaces, as pages may show it."""
    return " ".join(text.split())


def _copied(answer: Any) -> dict[str, Any]:
    return {"status": answer.status_code, "headers": dict(answer.headers), "body": answer.content}
