"""A small web server on this machine, for what is downloaded: files, faults, and a Hub of dataset repositories."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import unquote

from loaders.checksums import git_blob
from tests.support.hub import Hub


class Answer(NamedTuple):
    """What the server says to a request."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/octet-stream"


class FilesServer:
    """Serves `answers` (path -> answer, bytes, or a list of answers for one request after another)."""

    def __init__(self, answers: Mapping[str, Answer | bytes | list[Answer]]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(unquote(self.path))
                server.tokens.add(self.headers.get("Authorization"))
                answer = server.answer(unquote(self.path))
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> Answer:
        """The next answer for a path."""
        found = self.answers.get(path, Answer(b"404: Not Found", 404, "text/plain"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, Answer) else Answer(found)

    def __enter__(self) -> FilesServer:
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()


class DatasetHub(Hub):
    """A Hub whose repositories are datasets, and which lists their files."""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """As the Hub answers below `/datasets/` and `/api/datasets/`."""
        if path.startswith("/datasets/"):
            return super().answer(path.removeprefix("/datasets"))
        owner, name = path.removeprefix("/api/datasets/").split("/")[:2]
        folder: Path | None = self.repositories.get(f"{owner}/{name}")
        if folder is None:
            return 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, b"{}"
        files: list[dict[str, Any]] = [
            {
                "type": "file",
                "path": file.relative_to(folder).as_posix(),
                "size": file.stat().st_size,
                "oid": git_blob(file),
            }
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        ]
        return 200, {"Content-Type": "application/json"}, json.dumps(files).encode()
