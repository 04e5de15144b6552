"""A stand-in of the hub's API on this machine: repositories in memory, and what it was asked."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_standinstandinstandin"


@dataclass
class Hub:
    """What it holds.

    Attributes:
        address: of the server.
        repositories: ``datasets/owner/name`` -> the files in it.
        readers: tokens that may read and not write.
        commits: how many there were.
        tokens: what was shown to it.
    """

    address: str = ""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    readers: set[str] = field(default_factory=set)
    commits: int = 0
    tokens: set[str] = field(default_factory=set)
    large: dict[str, bytes] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:  # noqa: N802
        self._answer()

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *words: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, token = (
            self.path.partition("?")[0],
            (self.headers.get("Authorization") or "").removeprefix("Bearer "),
        )
        words = path.strip("/").split("/")
        self.hub.tokens |= {token} if token else set()
        if words[0] == "large":
            self.hub.large[words[1]] = body
            self._send(200, {})
        elif path == "/api/validate-yaml":
            self._send(200, {"errors": [], "warnings": []})
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._send(200, {"objects": [self._place(one) for one in json.loads(body)["objects"]]})
        elif words[0] == "api" and "/".join(words[1:4]) in self.hub.repositories:
            self._repository("/".join(words[1:4]), words[4:], body, token)
        else:
            self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})

    def _place(self, one: dict[str, Any]) -> dict[str, Any]:
        upload = {"upload": {"href": f"{self.hub.address}/large/{one['oid']}"}}
        return {**one, "actions": upload}

    def _repository(self, name: str, rest: list[str], body: bytes, token: str) -> None:
        files = self.hub.repositories[name]
        if rest[:1] == ["preupload"]:
            asked = [one["path"] for one in json.loads(body)["files"]]
            modes = [
                {"path": p, "uploadMode": "lfs" if p.endswith(".db") else "regular", "shouldIgnore": False}
                for p in asked
            ]
            self._send(200, {"files": modes})
        elif rest[:1] == ["commit"]:
            if token in self.hub.readers:
                self._send(403, {"error": "Forbidden"})
                return
            self._commit(files, body)
            self._send(200, {"commitUrl": f"{self.hub.address}/{name}/commit/1", "commitOid": "1" * 40})
        else:
            owner = "/".join(name.split("/")[1:])
            listed = [{"rfilename": one} for one in sorted(files)]
            self._send(200, {"id": owner, "sha": "1" * 40, "siblings": listed, "private": False, "tags": []})

    def _commit(self, files: dict[str, bytes], body: bytes) -> None:
        self.hub.commits += 1
        for line in body.splitlines():
            one = json.loads(line)
            value = one["value"]
            if one["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif one["key"] == "lfsFile":
                content = self.hub.large[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"]
                files[value["path"]] = content
            elif one["key"] == "deletedFile":
                del files[value["path"]]

    def _send(self, code: int, told: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(told).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")


@contextmanager
def served() -> Iterator[Hub]:
    """The stand-in, on a port of loopback."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
