"""Pages of another site, in the browser of somebody who is signed in here: they do nothing, and learn nothing.

The other site stands once at another name, where the browser keeps back the cookies, and once at another port of the
same name, where it sends them: there the server alone says no.
"""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from estimation.tests.site import Site
from issues import rounds
from issues.models import Round
from issues.models.round import State

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

OTHERS = pytest.mark.parametrize("name", ["localhost", "127.0.0.1"], ids=["another name", "another port"])
PAGE = b"<!doctype html><title>Win a prize</title><body></body>"


class _Evil(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture
def evil(name: str) -> Iterator[str]:
    """The address of the other site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Evil)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{name}:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def victim(browser: Browser, site: Site, client, alice) -> Iterator[Callable[[str], Page]]:
    """Opens an address in the browser of Alice, who has looked into her room."""
    context = browser.new_context()
    client.force_login(alice)
    context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": site.url,
                "sameSite": "Lax",
            }
        ]
    )

    def open_page(address: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.goto(address)
        return page

    yield open_page
    context.close()


def try_it(page: Page, script: str, *arguments: Any) -> Any:
    """What a script of the other site learns: `script` is a function that takes the arguments as a list."""
    return page.evaluate(script, list(arguments))


@OTHERS
def test_another_site_listens_to_no_stream_by_any_means(site, victim, evil, payments, alice):
    room = f"{site.url}/groups/{payments.pk}/"
    victim(room)  # whose stream is open beside the other site's page
    page = victim(evil)
    listen = """([address]) => new Promise((told) => {
        const stream = new EventSource(address, { withCredentials: true });
        stream.onmessage = (event) => told(event.data);
        stream.onerror = () => told(`refused ${stream.readyState}`);
    })"""
    # What came back from the server, and not only what the browser let the page see of it.
    asked: dict[str, str] = {}
    came: dict[str, int] = {}
    network = page.context.new_cdp_session(page)
    network.on(
        "Network.requestWillBeSent", lambda event: asked.update({event["requestId"]: event["request"]["url"]})
    )
    network.on(
        "Network.responseReceivedExtraInfo",
        lambda event: came.update({event["requestId"]: event["statusCode"]}),
    )
    network.send("Network.enable")
    assert try_it(page, listen, f"{room}feed/?have=") == "refused 2"
    # The other site's own page may still be coming.
    assert [came[number] for number, address in asked.items() if "/feed/" in address] == [403]
    connect = """([address]) => new Promise((told) => {
        const socket = new WebSocket(address);
        socket.onopen = () => told("open");
        socket.onerror = () => told("refused");
    })"""
    assert try_it(page, connect, f"{room.replace('http', 'ws')}feed/") == "refused"


@OTHERS
def test_another_site_reads_nothing(site, victim, evil, payments):
    room = f"{site.url}/groups/{payments.pk}/"
    victim(room)
    page = victim(evil)
    read = """async ([address]) => {
        try {
            return await (await fetch(address, { credentials: "include" })).text();
        } catch (error) {
            return error.name;
        }
    }"""
    embed = """([address, kind]) => new Promise((told) => {
        const element = document.createElement(kind);
        element.onload = () => told("loaded");
        element.onerror = () => told("refused");
        element.src = address;
        document.body.append(element);
    })"""
    for address in (room, f"{room}state/", f"{room}vote/", f"{site.url}/api/v1/groups"):
        assert try_it(page, read, address) == "TypeError", address
        assert try_it(page, embed, address, "script") == "refused", address
        assert try_it(page, embed, address, "img") == "refused", address
    assert try_it(page, embed, f"{site.url}/static/issues/room.js", "script") == "refused"


@OTHERS
def test_another_site_shows_no_page_in_a_frame_and_holds_no_window(site, victim, evil, payments):
    page = victim(evil)
    with page.expect_response(f"{site.url}/groups/"):
        page.evaluate("(address) => document.body.append(Object.assign(document.createElement('iframe'), "
                      "{ src: address }))", f"{site.url}/groups/")  # fmt: skip
    page.wait_for_function("frames.length === 1")
    assert "Payments" not in "".join(frame.content() for frame in page.frames)
    with page.expect_popup() as opened:
        page.evaluate("(address) => { window.held = open(address); }", f"{site.url}/groups/")
    expect(opened.value.get_by_role("link", name="Payments")).to_be_visible()
    assert opened.value.evaluate("window.opener") is None
    assert page.evaluate("window.held.closed")


@OTHERS
def test_another_site_changes_nothing(site, victim, evil, payments, alice):
    round_ = rounds.begin(payments, alice)
    victim(f"{site.url}/groups/{payments.pk}/")
    cancel = f"{site.url}/groups/{payments.pk}/rounds/{round_.pk}/cancel/"
    page = victim(evil)
    # As a form, which leads the browser there, and as a script, which sees nothing of the answer.
    send = """([address]) => fetch(address, { method: "POST", mode: "no-cors", credentials: "include",
        headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "csrfmiddlewaretoken=x" })
        .then((answer) => answer.type, (error) => error.name)"""
    assert try_it(page, send, cancel) == "TypeError"
    with page.expect_navigation() as led:
        page.evaluate("""(address) => {
            const form = Object.assign(document.createElement("form"), { method: "post", action: address });
            document.body.append(form);
            form.submit();
        }""", cancel)  # fmt: skip
    assert led.value is not None
    assert led.value.status == 403
    assert Round.objects.get(pk=round_.pk).state == State.OPEN
