"""How the board is served: where, to whom, and whether it may change anything."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class BoardOptions:
    """How the board is served.

    Attributes:
        address: of the database.
        host: the address to listen at.
        port: likewise.
        token: who has it may do what ``actions`` allows, and see the board from other machines; "": nobody.
        actions: whether jobs may be cancelled, retried and put before others.
    """

    address: str
    host: str = "127.0.0.1"
    port: int = 8765
    token: str = ""
    actions: bool = False

    @cached_property
    def is_private(self) -> bool:
        """Whether other machines may reach it, so that who looks has to have the token."""
        return not _is_loopback(self.host)

    def is_ours(self, host: str) -> bool:
        """Whether a request's ``Host`` may mean this server.

        A page elsewhere can have its own name stand for this machine (DNS rebinding), so that names count
        which nobody else can give away alone: numbers, ``localhost``, and what this machine is called.

        Args:
            host: the header.
        """
        name = _name_of(host)
        if name in ("localhost", self.host.lower()) or _is_loopback(name):
            return name != ""
        return self.is_private and (_is_number(name) or name in _own_names())

    def knows(self, token: str) -> bool:
        """Whether a token is the right one; none is where there is none."""
        return bool(self.token) and _same(token, self.token)

    @cached_property
    def cookie(self) -> str:
        """What a browser keeps in the place of the token, which is not to be read from it."""
        return hmac.new(self.token.encode(), b"ftbench board", hashlib.sha256).hexdigest()

    def is_cookie(self, value: str) -> bool:
        """Whether a browser keeps the right one."""
        return bool(self.token) and _same(value, self.cookie)

    @property
    def cookie_name(self) -> str:
        """Its name: boards of one machine share their cookies, whatever their ports."""
        return f"ftbench-{self.port}"

    @property
    def url(self) -> str:
        """Where a browser of this machine finds it."""
        host = "localhost" if self.host in ("0.0.0.0", "::", "127.0.0.1", "::1") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def _same(one: str, other: str) -> bool:
    """Whether two texts are equal; how long that takes tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def _name_of(host: str) -> str:
    """The name in a ``Host``, without the port; "" where it is none."""
    name, colon, port = host.strip().lower().rpartition(":")
    if not colon or name.count(":") != host.count(":") - 1 or not port.isdecimal():
        name = host.strip().lower()
    inside = name.removeprefix("[").removesuffix("]")
    plain = inside.replace(".", "").replace("-", "").replace(":", "")
    return inside if plain.isalnum() and plain.isascii() else ""


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_number(name) and ipaddress.ip_address(name).is_loopback)


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, name.partition(".")[0]}
