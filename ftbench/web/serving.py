"""Serving the board: a socket, and what is said of it."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from ftbench.errors import FtbenchError
from ftbench.printable import printable
from ftbench.secrets import masked
from ftbench.web.app import create_app
from ftbench.web.options import BoardOptions

_LARGEST_HEAD = 65_536  # bytes of a request before its body
_GRACE = 2  # seconds in which open answers may end


def with_token(options: BoardOptions) -> BoardOptions:
    """The same with a token, where one is needed: to change something, or to look from other machines."""
    if options.token or not (options.actions or options.is_private):
        return options
    return replace(options, token=secrets.token_urlsafe(24))


def serve_board(options: BoardOptions, say: Callable[[str], None], *, tell_token: bool) -> None:
    """Serve until a signal comes.

    Args:
        options: see ``with_token``.
        say: takes the lines for who has started it.
        tell_token: whether these hold the token: nobody knows one that was just made.

    Raises:
        FtbenchError: nothing can be served there.
    """
    listening = _listening(options)
    options = replace(options, port=listening.getsockname()[1])
    token = f"?token={options.token}" if tell_token else ""
    lines = [f"the board of {printable(masked(options.address))}: {options.url}{token}"]
    if options.is_private:
        lines.append("other machines may see it; what is sent is not encrypted")
    # Of its two readers of HTTP this one refuses a head that is too long.
    config = uvicorn.Config(
        create_app(options),
        http="h11",
        ws="none",
        loop="asyncio",
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        limit_concurrency=1000,
    )
    try:
        _Announced(config, lambda: say("\n".join(lines))).run(sockets=[listening])
    finally:
        listening.close()


class _Announced(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def _listening(options: BoardOptions) -> socket.socket:
    """A socket that listens.

    Raises:
        FtbenchError: the address is not this machine's, or its port is taken.
    """
    try:
        (family, kind, number, _, place), *_ = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        found = socket.socket(family, kind, number)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(128)
    except OSError as error:
        raise FtbenchError(
            f"nothing can be served at {options.host}:{options.port}: {error.strerror}; choose others with "
            "--host and --port"
        ) from error
    return found
