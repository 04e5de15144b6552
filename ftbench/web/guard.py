"""What every request passes: who may ask, what may be asked, and what a browser may do with the answer."""

from __future__ import annotations

import sys
from http import HTTPStatus

from starlette.datastructures import URL, Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ftbench.printable import printable
from ftbench.secrets import masked
from ftbench.web.options import BoardOptions

#: Scripts and styles of this server alone, nothing from elsewhere, in no other page.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Pages with plots: the library compiles what it draws, and brings a style of its own.
WITH_PLOTS = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_LONGEST = 32_768  # bytes of all headers
_LONGEST_PATH = 8_192
LONGEST_BODY = 4_096


class Guard:
    """Stands before the application.

    A request that is refused gets a line of text. An error that nobody expected gets one, too, and stands in
    a line of the server's: what failed is never shown to a browser.
    """

    def __init__(self, app: ASGIApp, options: BoardOptions) -> None:
        """Guard an application."""
        self._app, self._options = app, options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, _Dressed(send))

    async def _answer(self, scope: Scope, receive: Receive, send: _Dressed) -> None:
        refused = self._refused(scope)
        if refused is not None:
            await refused(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:  # nobody waits for the answer any more
            return
        except Exception as error:
            complain(f"{scope['method']} {scope['path']}", error)
            if not send.begun:
                await _told(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of ftbench's own")(
                    scope, receive, send
                )

    def _refused(self, scope: Scope) -> Response | None:
        """Why a request is not let through; None where it is."""
        headers = Headers(scope=scope)
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > _LONGEST or len(scope.get("raw_path") or b"") + len(scope["query_string"]) > _LONGEST_PATH:
            return _told(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request is too long")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _told(HTTPStatus.METHOD_NOT_ALLOWED, "only GET, HEAD and POST are answered")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._options.is_ours(hosts[0]):
            return _told(HTTPStatus.MISDIRECTED_REQUEST, "this server is not called so: ask it as localhost")
        if _is_foreign(headers, scope["method"]):
            return _told(HTTPStatus.FORBIDDEN, "asked by a page from elsewhere")
        return self._without_token(scope, headers)

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """What is answered to those who need the token and have none; or who just bring it."""
        request = Request(scope)
        given = request.query_params.get("token")
        if given is not None:
            if not self._options.knows(given):
                return _told(HTTPStatus.FORBIDDEN, "this is not the token")
            return self._welcomed(request.url.remove_query_params("token"))
        scope["trusted"] = self._is_known(request, headers)
        if scope["trusted"] or not (self._options.is_private or scope["method"] == "POST"):
            return None
        return _told(HTTPStatus.FORBIDDEN, "open the address with the token that `ftbench serve` printed")

    def _welcomed(self, url: URL) -> Response:
        """Keep that a browser has the token, and take it out of the address."""
        target = f"{url.path}?{url.query}" if url.query else url.path
        answer = RedirectResponse(f"/{target.lstrip('/')}", HTTPStatus.SEE_OTHER)
        name, value = self._options.cookie_name, self._options.cookie
        answer.set_cookie(name, value, httponly=True, samesite="strict", path="/")
        return answer

    def _is_known(self, request: Request, headers: Headers) -> bool:
        """Whether who asks has the token."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._options.knows(token.strip())
        return self._options.is_cookie(request.cookies.get(self._options.cookie_name, ""))


def complain(where: str, error: Exception) -> None:
    """Say in a line of standard error that something went wrong that nobody expected."""
    said = printable(masked(f"{type(error).__name__}: {error}"[:500]))
    print(f"ftbench: error: {printable(where[:200])}: {said}", file=sys.stderr, flush=True)


class _Dressed:
    """Sends an answer with the headers that each has.

    Attributes:
        begun: whether it has begun.
    """

    def __init__(self, send: Send) -> None:
        self._send, self.begun = send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in {**_HEADERS, "Content-Security-Policy": STRICT}.items():
                headers.setdefault(name, value)
        await self._send(message)


def _is_foreign(headers: Headers, method: str) -> bool:
    """Whether a page of another origin asks: for anything but to be followed to, or to change something."""
    site, dest = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-dest", "document")
    origin, bearer = headers.get("origin"), headers.get("authorization", "").lower().startswith("bearer ")
    if site in ("cross-site", "same-site") and (method == "POST" or dest != "document"):
        return True
    if origin is None:
        return method == "POST" and not bearer  # no page can make a browser say so of itself
    return origin.partition("://")[2] != headers.get("host")


def _told(status: HTTPStatus, words: str) -> Response:
    return PlainTextResponse(f"{words}\n", status)
