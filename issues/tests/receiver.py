"""A program that listens for webhooks on this machine, and answers as it is told."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Received:
    """A request: its path, its headers by their names in small letters, and its body."""

    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """Answers with each of the statuses once, then with 204. `hold` keeps it from answering until it is set."""

    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    hold: threading.Event | None = None
    url: str = ""


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this name, with its key in the same file, that nobody but itself has signed."""
    path = folder / f"{name}.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
    ]
    files = [
        "-addext",
        f"subjectAltName=DNS:{name}",
        "-keyout",
        str(path),
        "-out",
        str(folder / "certificate"),
    ]
    subprocess.run([*command, *files], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "certificate").read_text())
    return path


@contextmanager
def listening(
    *statuses: int, hold: threading.Event | None = None, tls: Path | None = None
) -> Iterator[Receiver]:
    """A receiver while the block runs; with the certificate `tls` one that is reached by TLS alone."""
    receiver = Receiver(list(statuses), hold=hold)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            if receiver.hold is not None:
                receiver.hold.wait()
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?from=estimation"
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.url = receiver.url.replace("http://127.0.0.1", "https://localhost")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        if hold is not None:
            hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
