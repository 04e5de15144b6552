"""The board behind a socket: what the reader of HTTP does before the application hears of it."""

from __future__ import annotations

import socket
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ftbench.db import create_database
from tests.web.places import served

pytestmark = pytest.mark.slow
MOST = 10_000_000


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ", b"GET /"])
def test_a_head_of_ten_megabytes_is_refused_before_it_has_come(tmp_path: Path, head: bytes) -> None:
    address = str(tmp_path / "runs.db")
    create_database(address).close()
    with served(address) as url:
        sent, said = 0, b""
        with socket.create_connection(("localhost", urlsplit(url).port or 0), timeout=60) as caller:
            caller.sendall(head)
            try:
                while sent < MOST:
                    sent += caller.send(b"x" * 65_536)
                said = caller.recv(100)
            except OSError:  # it hangs up on those who go on
                pass
        assert sent < MOST or said.startswith(b"HTTP/1.1 4"), "it was listened to"
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
