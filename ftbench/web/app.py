"""The application: its addresses, and what a reader sees when something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from ftbench.errors import DatabaseError, FtbenchError, NothingToReport, UnknownName, UsageError
from ftbench.printable import printable
from ftbench.render import plots
from ftbench.render.html.frame import ASSETS as FRAME_ASSETS
from ftbench.render.html.frame import PLOTTING, PageFrame, asset, framed
from ftbench.secrets import masked
from ftbench.web.actions import Actions
from ftbench.web.feed import BoardFeed
from ftbench.web.fragments import TEMPLATES, Fragment
from ftbench.web.guard import Guard
from ftbench.web.live_pages import LivePages
from ftbench.web.navigation import ASSETS_AT, links
from ftbench.web.options import BoardOptions
from ftbench.web.report_pages import ReportPages

ASSETS = Path(__file__).parent / "assets"
#: Our own files -> their types; others are not served.
_OWN = {"board.css": "text/css", "board.js": "text/javascript"}


def create_app(options: BoardOptions) -> Starlette:
    """The board of a database."""
    feed = BoardFeed(options.address)
    live, reports = LivePages(feed, options.actions), ReportPages(options.address, feed)
    actions = Actions(options.address, options.actions)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        await live.warm()
        looking = asyncio.create_task(live.run())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            reports.close()
            feed.close()

    routes = [
        Route("/", live.queue),
        Route("/jobs", live.jobs),
        Route("/job/{digest:str}", live.job),
        Route("/job/{digest:str}/{action:str}", actions.change, methods=["POST"]),
        Route("/part/job/{digest:str}/{names:str}", live.part),
        Route("/part/{of:str}/{names:str}", live.part),
        Route("/live/job/{digest:str}", live.live),
        Route("/live/{of:str}", live.live),
        Route("/reports", reports.index),
        Route("/report", reports.report),
        Route("/compare", reports.compare),
        Route("/claims", reports.claims),
        Route("/papers", reports.papers),
        Route("/plot", reports.plot),
        Route(f"{ASSETS_AT}{{name:str}}", assets),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, options=options)],
        exception_handlers={HTTPException: _refused, FtbenchError: _wrong},
        lifespan=life,
    )


async def assets(request: Request) -> Response:
    """A style or a script, of the names that there are."""
    name = request.path_params["name"]
    if name not in (*FRAME_ASSETS, *_OWN, PLOTTING):
        raise HTTPException(HTTPStatus.NOT_FOUND, "there is no such file")
    found, kind = _asset(name)
    headers = {"ETag": f'"{found.tag}"', "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found.body, media_type=kind, headers=headers)


@cache
def _asset(name: str) -> tuple[Fragment, str]:
    """A file of ours, and its type."""
    kind = _OWN.get(name) or ("text/css" if name.endswith(".css") else "text/javascript")
    if name == PLOTTING:
        return Fragment.of(plots.embedded()), kind
    return Fragment.of((ASSETS / name).read_text(encoding="utf-8") if name in _OWN else asset(name)), kind


async def _refused(request: Request, error: Exception) -> Response:
    """A page for what is not there, or not allowed."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return _page(status, error.detail if error.detail != status.phrase else "there is no such page")


async def _wrong(request: Request, error: Exception) -> Response:
    """A page that says what the command would have said."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, UnknownName | NothingToReport):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, UsageError):
        status = HTTPStatus.BAD_REQUEST
    elif isinstance(error, DatabaseError):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return _page(status, printable(masked(str(error)))[:2000])


def _page(status: HTTPStatus, words: str) -> Response:
    frame = PageFrame(status.phrase, links(""), assets=ASSETS_AT, policy="")
    return HTMLResponse(framed("said.html.j2", frame, {"words": words}, TEMPLATES), status)
