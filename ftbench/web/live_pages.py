"""The pages that change while one looks: the queue, lists of jobs, and a job; and their stream of changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from ftbench.db import JobFilter
from ftbench.domain.result import State
from ftbench.errors import DatabaseError, UnknownName
from ftbench.render.html.frame import PageFrame, framed
from ftbench.services import jobs as service
from ftbench.services.board.overview import BoardReader
from ftbench.web.feed import BoardFeed, Pace
from ftbench.web.fragments import TEMPLATES, Fragment, Fragments, Recent, filled_part, placed_parts
from ftbench.web.guard import complain
from ftbench.web.job_parts import JobParts
from ftbench.web.navigation import ASSETS_AT, links
from ftbench.web.parts import WORDS, jobs_address, queue_parts, short_digest, tags_of, trouble_part

PAGE = 200
"""Jobs of a list's page."""
_WATCHERS = 400  # streams at once
_BREATH = 15.0  # seconds after which a stream that has nothing to tell says so
_DIGEST = 64


@dataclass(frozen=True)
class JobsAsked:
    """Which jobs a list is to show: by state, a method's name or label, task and model; and its page."""

    state: str = ""
    method: str = ""
    task: str = ""
    model: str = ""
    first: int = 0

    @classmethod
    def of(cls, request: Request) -> JobsAsked:
        """What the address says.

        Raises:
            UnknownName: a state that there is not.
        """
        given = {
            name: request.query_params.get(name, "").strip()[:300]
            for name in ("state", "method", "task", "model")
        }
        states = [str(state) for state in State]
        if given["state"] and given["state"] not in states:
            raise UnknownName("state", given["state"], states)
        first = request.query_params.get("first", "0")
        return cls(**given, first=int(first) if first.isdecimal() and len(first) < 10 else 0)

    @property
    def filter(self) -> JobFilter:
        """The same for the database."""
        names = ((name,) if name else () for name in (self.model, self.task, self.method))
        models, tasks, methods = names
        return JobFilter((State(self.state),) if self.state else (), models, tasks, methods)

    def address(self, first: int) -> str:
        """Of another page of the list."""
        return jobs_address(
            state=self.state, method=self.method, task=self.task, model=self.model, first=first
        )


class LivePages:
    """Answers for the pages that change."""

    def __init__(self, feed: BoardFeed, actions: bool) -> None:
        """Take the feed, and whether jobs may be changed by those who have the token."""
        self._feed, self._actions = feed, actions
        self._fragments, self._jobs, self._lists = Fragments(), JobParts(), Recent(32)
        self._streams = 0

    async def queue(self, request: Request) -> Response:
        """The first page."""
        return await self._page("Queue", "queue", request, "/")

    async def jobs(self, request: Request) -> Response:
        """A list of jobs."""
        asked = JobsAsked.of(request)
        form = filled_part("jobs_form.html.j2", {"asked": asked, **WORDS})
        return await self._page("Jobs", "jobs", request, "/jobs", form)

    async def job(self, request: Request) -> Response:
        """A job's page; the first characters of its digest do."""
        given = request.path_params["digest"]
        await self._feed.fresh()
        if len(given) != _DIGEST:
            found = await self._feed.call(lambda: self._feed.reader.database.jobs.find(given).digest)
            return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": f"/job/{found}"})
        return await self._page(f"Job {short_digest(given)}", f"job/{given}", request, "/jobs")

    async def part(self, request: Request) -> Response:
        """Parts of a page, of as many names as are given; nothing but their tags where the browser has them.

        They come together, as a page has them: a request costs more than what it asks for.
        """
        about, names = self._about(request), request.path_params["names"].split(",")
        if not self._feed.topics:  # else it was looked at, and this is what came of it
            await self._feed.fresh()
        parts = await self._made(about, request)
        for name in names:
            if name not in parts:
                raise UnknownName("part", name, parts)
        chosen = {name: parts[name] for name in names}
        headers = {
            "ETag": f'"{"-".join(part.tag for part in chosen.values())}"',
            "Cache-Control": "no-cache",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return HTMLResponse(placed_parts(chosen), headers=headers)

    async def live(self, request: Request) -> Response:
        """The stream of changes of a page: the names and tags of its parts, and the time."""
        about = self._about(request)
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if self._streams >= _WATCHERS:
            return Response("too many pages are open\n", HTTPStatus.SERVICE_UNAVAILABLE)
        await self._feed.fresh()
        tags = tags_of(await self._made(about, request))
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._stream(about, tags), media_type="text/event-stream", headers=headers)

    async def warm(self) -> None:
        """Look once before anybody asks."""
        await self._feed.fresh()
        await self._feed.call(lambda: queue_parts(self._fragments, self._feed.view))

    async def run(self) -> None:
        """Look again and again, as long as anybody watches, and tell what has changed."""
        pace = Pace()
        while True:
            await asyncio.sleep(pace.pause())
            try:
                if self._feed.topics:
                    await self._feed.fresh()
                    for about, tags in (await self._feed.call(self._tags)).items():
                        self._feed.tell(about, tags)
            except Exception as error:  # a bug of ours must not end what all watch
                complain("looking at the database", error)

    async def _stream(self, about: str, tags: Mapping[str, str]) -> AsyncIterator[str]:
        known: Mapping[str, str] = {}
        topic = self._feed.watch(about)
        self._streams += 1
        try:
            topic.tags = topic.tags or dict(tags)
            yield "retry: 3000\n\n"
            while True:
                changed, now = topic.changed, topic.tags
                news = {name: tag for name, tag in now.items() if known.get(name) != tag}
                told = {"now": round(self._feed.now(), 3), "parts": news}
                known = now
                yield f"data: {json.dumps(told)}\n\n"
                try:
                    await asyncio.wait_for(changed.wait(), _BREATH)
                except TimeoutError:
                    continue
        finally:
            self._streams -= 1
            self._feed.leave(about)

    def _tags(self) -> dict[str, dict[str, str]]:
        """The tags of all that is watched."""
        found = {}
        for about in list(self._feed.topics):
            try:
                found[about] = tags_of(self._parts(about, None))
            except (UnknownName, DatabaseError) as error:
                found[about] = tags_of({"trouble": trouble_part(self._fragments, str(error))})
        return found

    async def _page(self, title: str, about: str, request: Request, here: str, form: str = "") -> Response:
        await self._feed.fresh()
        parts = await self._made(about, request)
        frame = PageFrame(
            title,
            links(here),
            assets=ASSETS_AT,
            scripts=("board.js",),
            policy="",
            filtered="any word of a row",
        )
        at = f"?{request.url.query}" if about == "jobs" and request.url.query else ""
        values = {"parts": placed_parts(parts), "of": about, "at": at, "now": self._feed.now(), "form": form}
        return HTMLResponse(framed("live.html.j2", frame, values, TEMPLATES))

    async def _made(self, about: str, request: Request) -> dict[str, Fragment]:
        """The parts of a page; those of the queue are at hand, others may have to be read."""
        if about == "queue":
            return self._parts(about, request)
        return await self._feed.call(lambda: self._parts(about, request))

    def _about(self, request: Request) -> str:
        digest = request.path_params.get("digest")
        return f"job/{digest}" if digest else str(request.path_params["of"])

    def _parts(self, about: str, request: Request | None) -> dict[str, Fragment]:
        """The parts of a page; without a request their tags alone are right."""
        trouble = {"trouble": trouble_part(self._fragments, self._feed.trouble)}
        if about == "queue":
            return trouble | queue_parts(self._fragments, self._feed.view)
        try:
            return trouble | (self._list(request) if about == "jobs" else self._job(about, request))
        except DatabaseError:
            if not self._feed.trouble:
                raise
            return trouble

    def _job(self, about: str, request: Request | None) -> dict[str, Fragment]:
        parts = self._jobs.get(self._feed.reader, self._feed.view, about.removeprefix("job/"))
        if request is not None and not (self._actions and request.scope["trusted"]):
            del parts["actions"]
        return parts

    def _list(self, request: Request | None) -> dict[str, Fragment]:
        tag = f"r{self._feed.results}"
        if request is None:
            return {"jobs": Fragment("", tag)}
        asked, reader = JobsAsked.of(request), self._feed.reader
        body = self._lists.get(asked, self._feed.serial, lambda: _listed(reader, asked))
        return {"jobs": Fragment(str(body), tag)}


def _listed(reader: BoardReader, asked: JobsAsked) -> str:
    """A page of a list of jobs."""
    where = service.precise(reader.database, asked.filter)
    count, rows = reader.database.board.listed(where, asked.first, PAGE)
    before = asked.address(max(0, asked.first - PAGE)) if asked.first else ""
    after = asked.address(asked.first + PAGE) if asked.first + PAGE < count else ""
    shown = {"count": count, "rows": rows, "first": asked.first, "before": before, "after": after}
    return filled_part("jobs.html.j2", {**shown, **WORDS})
