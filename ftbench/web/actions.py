"""What may be done to a job from its page, by those who have the token, where the server allows it."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ftbench.db import JobFilter, open_database
from ftbench.domain.job import DIGEST
from ftbench.errors import BadValue, UnknownName
from ftbench.services import jobs as service
from ftbench.web.guard import LONGEST_BODY
from ftbench.web.job_parts import ACTIONS

_MOST = 1_000_000


class Actions:
    """Cancels, retries and puts before others."""

    def __init__(self, address: str, allowed: bool) -> None:
        """Take a database's address, and whether anything is allowed at all."""
        self._address, self._allowed = address, allowed

    async def change(self, request: Request) -> Response:
        """Do what a button says, and show the job again.

        Raises:
            HTTPException: nothing is allowed, or who asks has no token.
            UsageError: there is no such action or job, or its value is none.
        """
        if not self._allowed:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "nothing may be changed here: start `ftbench serve --actions`"
            )
        if not request.scope["trusted"]:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "open the address with the token that `ftbench serve` printed"
            )
        digest, action = request.path_params["digest"], request.path_params["action"]
        known = sorted({name for names in ACTIONS.values() for name in names})
        if action not in known:
            raise UnknownName("action", action, known)
        if not DIGEST.fullmatch(digest):
            raise UnknownName("job", digest, ())
        fields = parse_qs(await _body(request))
        priority = _priority(fields.get("priority", [""])[-1]) if action == "priority" else 0
        await run_in_threadpool(self._do, action, digest, priority)
        return RedirectResponse(f"/job/{digest}", HTTPStatus.SEE_OTHER)

    def _do(self, action: str, digest: str, priority: int) -> None:
        where = JobFilter(digests=(digest,))
        with open_database(self._address) as database:
            if action == "cancel":
                service.cancel(database, (), where)
            elif action == "retry":
                service.retry(database, (), where)
            else:
                database.board.prioritise(digest, priority)


async def _body(request: Request) -> str:
    """The text of a form.

    Raises:
        HTTPException: it is longer than any of ours.
    """
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > LONGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too long")
    return found.decode(errors="replace")


def _priority(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = _MOST + 1
    if abs(number) > _MOST:
        raise BadValue(f"priority '{text[:40]}': give a whole number, {_MOST:,} at most")
    return number
