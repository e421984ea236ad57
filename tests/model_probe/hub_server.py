"""A small Hub: repositories of files, served over HTTP by the Hub's protocol, with its failures at will."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """`repositories` is name → file → bytes; `asked` logs each request.

    `status` other than 200 answers everything with it; `silent` never answers; `short` is a file that comes
    without its end; `cut` is how often the connection breaks in the middle of which file. `moved` is a
    repository's old name → its new one: as on the Hub, what is asked of the old one is sent on, file by file.
    `stored` are files that are kept elsewhere, as the Hub does with those that are large.
    """

    daemon_threads = True

    def __init__(self, repositories: dict[str, dict[str, bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = repositories
        self.asked: list[tuple[str, str, str | None]] = []
        self.status = 200
        self.silent = threading.Event()
        self.closing = threading.Event()
        self.short = ""
        self.cut: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.stored: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def files_asked(self) -> set[str]:
        return {path.rpartition("/resolve/main/")[2] for _, path, _ in self.asked if "/resolve/" in path}

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(send_body=True)

    def do_HEAD(self) -> None:
        self._answer(send_body=False)

    def _answer(self, *, send_body: bool) -> None:
        hub = self.server
        hub.asked.append((self.command, self.path, self.headers["Range"]))
        if hub.silent.is_set():
            hub.closing.wait()
            return
        if hub.status != 200:
            self._reply(hub.status, {}, b"")
            return
        for old, new in hub.moved.items():
            for start in (f"/api/models/{old}", f"/{old}/resolve/"):
                if self.path.startswith(start):
                    place = start.replace(old, new) + self.path.removeprefix(start)
                    self._reply(307, {"Location": place}, b"")
                    return
        for name, files in hub.repositories.items():
            if self.path in (f"/api/models/{name}", f"/api/models/{name}/revision/main"):
                siblings = [{"rfilename": file} for file in files]
                about = json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode()
                self._reply(200, {"Content-Type": "application/json"}, about)
                return
            file = self.path.removeprefix(f"/{name}/resolve/main/")
            if file in files and file in hub.stored:
                self._send_on(name, file, files[file])
                return
            file = file.removeprefix(f"/stored/{name}/")
            if file in files:
                self._send_file(file, files[file], send_body=send_body)
                return
        self._reply(404, {"X-Error-Code": "RepoNotFound"}, b"")

    def _send_on(self, name: str, file: str, data: bytes) -> None:
        """Say what a file is and where it is kept."""
        headers = {
            "X-Repo-Commit": COMMIT,
            "X-Linked-ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"{self.server.url}/stored/{name}/{file}",
        }
        self._reply(302, headers, b"")

    def _send_file(self, file: str, data: bytes, *, send_body: bool) -> None:
        headers = {
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            "Accept-Ranges": "bytes",
        }
        status, body = 200, data
        if self.headers["Range"]:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            body = data[int(first) : int(last) + 1 if last else None]
            status = 206
            headers["Content-Range"] = f"bytes {first}-{int(first) + len(body) - 1}/{len(data)}"
        if send_body and file == self.server.short:
            self._reply(status, headers, body[: len(body) // 2])
        elif send_body and self.server.cut.get(file):
            self.server.cut[file] -= 1
            self._reply(status, headers, body, sent=len(body) * 9 // 10)
            self.close_connection = True
        else:
            self._reply(status, headers, body, sent=len(body) if send_body else 0)

    def _reply(self, status: int, headers: dict[str, str], body: bytes, sent: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@contextmanager
def serving(repositories: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    """Serve repositories until the block ends."""
    hub = Hub(repositories)
    thread = threading.Thread(target=hub.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        hub.shutdown()
        hub.server_close()
        thread.join()
