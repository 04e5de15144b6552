"""Who may ask the board, and for what."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from ftbench.db import create_database
from ftbench.web import guard
from ftbench.web.live_pages import LivePages
from ftbench.web.options import BoardOptions
from tests.web.places import TOKEN, filled

HOME = {"Origin": "http://localhost:8765"}


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    with filled(tmp_path_factory.mktemp("board")) as (opened, jobs, _):
        yield opened, jobs


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:9999", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST:8765"]
)
def test_the_names_of_this_machine_are_answered(board: tuple[TestClient, dict[str, str]], host: str) -> None:
    assert board[0].get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "10.0.0.7",
        "a b",
    ],
)
def test_a_name_that_others_gave_this_machine_is_refused(
    board: tuple[TestClient, dict[str, str]], host: str
) -> None:
    answer = board[0].get("/", headers={"Host": host})
    assert answer.status_code == 421 and "vanilla" not in answer.text


def test_a_board_for_other_machines_is_called_by_numbers_and_its_own_name() -> None:
    options = BoardOptions("x.db", host="0.0.0.0", token=TOKEN)
    assert options.is_private and options.is_ours("192.168.1.7:8765") and options.is_ours("[fe80::1]:8765")
    assert not options.is_ours("evil.example:8765")
    assert BoardOptions("x.db", host="board.example", token=TOKEN).is_ours("board.example:8765")


def test_pages_from_elsewhere_are_refused(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, jobs = board
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "script"},
    ):
        assert opened.get("/", headers=headers).status_code == 403, headers
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
    assert opened.get("/", headers=followed).status_code == 200
    for headers in (
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {**HOME, "Sec-Fetch-Site": "cross-site"},
    ):
        assert opened.post(f"/job/{jobs['queued']}/cancel", headers=headers).status_code == 403


def test_without_actions_nothing_is_changed_even_with_the_token(tmp_path: Path) -> None:
    with filled(tmp_path, token=TOKEN) as (opened, jobs, address):
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        answer = opened.post(f"/job/{jobs['queued']}/cancel", headers=bearer)
        assert answer.status_code == 403 and "--actions" in answer.text
        assert state(address, jobs["queued"]) == "queued"


def test_without_the_token_nothing_is_changed(tmp_path: Path) -> None:
    with filled(tmp_path, token=TOKEN, actions=True) as (opened, jobs, address):
        wrong = (
            {},
            HOME,
            {**HOME, "Authorization": "Bearer wrong"},
            {**HOME, "Cookie": "ftbench-8765=wrong"},
        )
        for headers in wrong:
            assert opened.post(f"/job/{jobs['queued']}/cancel", headers=headers).status_code == 403
        assert "Cancel" not in opened.get(f"/job/{jobs['queued']}").text
        assert opened.get(f"/part/job/{jobs['queued']}/actions").status_code == 404
        assert opened.get("/?token=wrong").status_code == 403
        assert state(address, jobs["queued"]) == "queued"


def test_the_token_is_kept_as_a_cookie_and_leaves_the_address(tmp_path: Path) -> None:
    with filled(tmp_path, token=TOKEN, actions=True) as (opened, jobs, address):
        welcome = opened.get(f"/jobs?state=queued&token={TOKEN}")
        assert welcome.status_code == 303 and welcome.headers["location"] == "/jobs?state=queued"
        cookie = welcome.headers["set-cookie"]
        assert TOKEN not in cookie and "HttpOnly" in cookie and "SameSite=strict" in cookie
        digest = jobs["queued"]
        assert "Cancel" in opened.get(f"/job/{digest}").text
        assert opened.post(f"/job/{digest}/cancel").status_code == 403, "a form says where it comes from"
        first = opened.post(f"/job/{digest}/priority", headers=HOME, data={"priority": "7"})
        assert first.status_code == 303 and first.headers["location"] == f"/job/{digest}"
        assert priority(address, digest) == 7
        assert opened.post(f"/job/{digest}/cancel", headers=HOME).status_code == 303
        assert state(address, digest) == "cancelled"
        assert opened.post(f"/job/{digest}/retry", headers=HOME).status_code == 303
        assert state(address, digest) == "queued"
        for path, data, status in (
            (f"/job/{digest}/priority", {"priority": "x"}, 400),
            (f"/job/{digest}/priority", {"priority": "9" * 30}, 400),
            (f"/job/{digest}/priority", {"priority": "1" * 9000}, 413),
            (f"/job/{digest}/delete", {}, 404),
            ("/job/..%2f..%2fetc/cancel", {}, 404),
        ):
            assert opened.post(path, headers=HOME, data=data).status_code == status, path


def test_a_board_for_other_machines_shows_nothing_without_the_token(tmp_path: Path) -> None:
    with filled(tmp_path, host="0.0.0.0", token=TOKEN) as (opened, _, _):
        for path in ("/", "/jobs", "/live/queue", "/assets/frame.css", "/report"):
            assert opened.get(path).status_code == 403
        assert opened.get("/", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert opened.get(f"/?token={TOKEN}").status_code == 303 and opened.get("/").status_code == 200


def test_a_redirect_leads_nowhere_else(tmp_path: Path) -> None:
    with filled(tmp_path, token=TOKEN) as (opened, _, _):
        for path in ("//evil.example/", "/%2f%2fevil.example", "/\\evil.example", "/%5cevil.example"):
            target = opened.get(f"http://localhost:8765{path}?token={TOKEN}").headers.get("location", "/")
            assert re.match(r"/($|[^/\\])", target), target


def test_what_is_too_long_or_of_another_kind_is_refused(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, _ = board
    assert opened.get("/", headers={"X-Long": "x" * 40_000}).status_code == 431
    assert opened.get(f"/jobs?method={'x' * 9000}").status_code == 431
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert opened.request(method, "/").status_code == 405


def test_every_answer_says_what_a_browser_may_do(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, _ = board
    for path in ("/", "/jobs", "/nothing", "/assets/board.js", "/part/queue/grid", "/reports"):
        headers = opened.get(path).headers
        policy = headers["content-security-policy"]
        assert policy == guard.STRICT and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
    assert (
        "script-src 'self' 'unsafe-eval'" in guard.WITH_PLOTS
        and "unsafe-inline' 'unsafe" not in guard.WITH_PLOTS
    )


def test_a_bug_is_told_to_who_serves_and_not_to_who_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret detail")

    with filled(tmp_path) as (opened, _, _):
        monkeypatch.setattr(LivePages, "_parts", fail)
        answer = opened.get("/")
        assert answer.status_code == 500 and "secret" not in answer.text
    told = capsys.readouterr().err
    assert told == "ftbench: error: GET /: RuntimeError: a secret detail\n"


WORDS = """
/ /jobs /job /report /compare /plot /papers /claims /reports /part/queue/grid /part/jobs/jobs /assets
/part/job /part/x/y /assets/frame.js /job/0 /job/zz /part/queue/%00 /%2e%2e/%2e%2e/etc/passwd /assets/..
/part/queue/counts,grid,counts /part/queue/,
""".split()
FIELDS = """
state method task model first table methods tasks models where baseline show metric kind over name test region
perturb estimand tuned diverged without_collapsed untested study critical token correction
""".split()
VALUES = [
    *"running main robustness curves tuning budget bidrop vanilla bidrop[k=2] bidrop[*] sst2 strip".split(),
    *"sweep k 1 -1 1e999 nan mean,std all bidrop/table5 none t wilcoxon [ ] ,,, ( ) method=bidrop".split(),
    *"not 0 00 99999999999999999999 noise=0.1".split(),
    *(
        "",
        " ",
        "\x00",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "<script>",
        "'\"",
        "%",
        "../..",
        "日本",
        "a" * 3000,
    ),
]


def requests(seed: int, number: int, digests: list[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Requests that nobody would make: method, target and headers."""
    draw = random.Random(seed)
    words = [
        *WORDS,
        *(f"/job/{digest}" for digest in digests),
        *(f"/part/job/{digest}/log" for digest in digests),
    ]
    for _ in range(number):
        path = draw.choice(words)
        if draw.random() < 0.2:
            path += quote(
                "".join(
                    chr(draw.choice((draw.randrange(256), draw.randrange(0x3000))))
                    for _ in range(draw.randrange(12))
                )
            )
        fields = [(draw.choice(FIELDS), draw.choice(VALUES)) for _ in range(draw.randrange(4))]
        query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in fields)
        headers = {}
        if draw.random() < 0.2:
            name = draw.choice(
                ["If-None-Match", "Cookie", "Authorization", "Range", "Accept", "Sec-Fetch-Site", "Origin"]
            )
            headers[name] = "".join(chr(draw.randrange(33, 127)) for _ in range(draw.randrange(1, 40)))
        method = draw.choice(["GET"] * 12 + ["HEAD", "POST", "PUT"])
        yield method, f"{path}?{query}" if query else path, headers


@pytest.mark.parametrize(
    "number", [150, pytest.param(10_000, marks=pytest.mark.slow)], ids=["some", "ten thousand"]
)
def test_whatever_is_asked_there_is_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    with filled(tmp_path, token=TOKEN, actions=True) as (opened, jobs, _):
        for method, target, headers in requests(number, number, list(jobs.values())):
            answer = opened.request(method, target, headers=headers)
            assert answer.status_code < 500 or answer.status_code == 503, (
                method,
                target,
                headers,
                answer.text,
            )
            assert "Traceback (most" not in answer.text
    assert not capsys.readouterr().err


def state(address: str, digest: str) -> str:
    with create_database(address) as database:
        return str(database.jobs.find(digest).state)


def priority(address: str, digest: str) -> int:
    with create_database(address) as database:
        return database.jobs.find(digest).priority
