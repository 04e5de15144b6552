"""Viewers of the board: each holds a page open as a browser does, and fetches the parts that change.

    python -m benchmarks._viewers HOST PORT PAGE …

One for each page that is named. Ends with its input, and prints what they have fetched.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

_TAGS = re.compile(rb'data-part="(\w+)" data-tag="([\w]+)"')
_ABOUT = re.compile(rb'data-of="([^"]*)" data-at="([^"]*)"')


class Viewer:
    """One page that is open.

    Attributes:
        fetched: answers with a page or parts.
        kept: those by which the server said that nothing has changed.
        bytes: that came in all.
        wrong: answers that were none of these.
        opened: set once the page has come.
    """

    def __init__(self, host: str, port: int, page: str) -> None:
        """Take the page's address."""
        self._host, self._port, self._page = host, port, page
        self.fetched = self.kept = self.bytes = self.wrong = 0
        self.opened = asyncio.Event()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def watch(self) -> None:
        """Open the page and keep it up to date, until it is cancelled."""
        _, page = await self._get(self._page, "")
        self.opened.set()
        found = _ABOUT.search(page)
        if found is None:  # a report: it stays as it is
            await asyncio.Event().wait()
            return
        about, at = (text.decode() for text in found.groups())
        tags = {name.decode(): tag.decode() for name, tag in _TAGS.findall(page)}
        async for told in self._stream(f"/live/{about}{at}"):
            news = {name: tag for name, tag in told.items() if name in tags and tags[name] != tag}
            if news:
                known = "-".join(tags[name] for name in news)
                await self._get(f"/part/{about}/{','.join(news)}{at}", known)
                tags |= news

    async def _get(self, path: str, tag: str) -> tuple[int, bytes]:
        """Ask over one connection that stays open; over a new one where the server has let go of it."""
        try:
            head = await self._head(path, tag)
        except (asyncio.IncompleteReadError, ConnectionError):
            self._writer = None
            head = await self._head(path, tag)
        assert self._reader is not None
        status = int(head[9:12])
        length = re.search(rb"content-length: (\d+)", head, re.I)
        body = await self._reader.readexactly(int(length[1])) if length and status != 304 else b""
        self.bytes += len(head) + len(body)
        self.fetched += status == 200
        self.kept += status == 304
        self.wrong += status not in (200, 304)
        return status, body

    async def _head(self, path: str, tag: str) -> bytes:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        assert self._reader is not None
        known = f'If-None-Match: "{tag}"\r\n' if tag else ""
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{known}\r\n".encode())
        await self._writer.drain()
        return await self._reader.readuntil(b"\r\n\r\n")

    async def _stream(self, path: str) -> AsyncIterator[dict[str, str]]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            while line := await reader.readline():
                self.bytes += len(line)
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])["parts"]
        finally:
            writer.close()


async def watch_all(host: str, port: int, pages: list[str]) -> list[Viewer]:
    """Watch until standard input ends."""
    viewers = [Viewer(host, port, page) for page in pages]
    watching = [asyncio.ensure_future(viewer.watch()) for viewer in viewers]
    for viewer, one in zip(viewers, watching, strict=True):
        came = asyncio.ensure_future(viewer.opened.wait())
        await asyncio.wait([came, one], return_when=asyncio.FIRST_COMPLETED)
        if not came.done():
            await one  # raises what went wrong
    print("open", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    done, _ = await asyncio.wait(
        [asyncio.ensure_future(ended), *watching], return_when=asyncio.FIRST_COMPLETED
    )
    for one in watching:
        if one in done:
            one.result()
            raise SystemExit("a page's stream has ended")
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    return viewers


def main() -> None:
    """Watch, and print the sums as JSON."""
    host, port, *pages = sys.argv[1:]
    viewers = asyncio.run(watch_all(host, int(port), pages))
    names = ("fetched", "kept", "bytes", "wrong")
    print(json.dumps({name: sum(getattr(one, name) for one in viewers) for name in names}), flush=True)


if __name__ == "__main__":
    main()
