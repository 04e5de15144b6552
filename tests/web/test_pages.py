"""The board's pages, asked for without a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ftbench.db import create_database
from ftbench.web import feed
from tests.db.samples import entry
from tests.example import EXAMPLE
from tests.web.places import MARKUP, client, fill, filled, tell_live


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """A client of a filled queue that no test changes, and its jobs by state."""
    with filled(tmp_path_factory.mktemp("board")) as (opened, jobs, _):
        yield opened, jobs


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the example database."""
    path = tmp_path_factory.mktemp("example") / "ftbench.db"
    path.write_bytes(EXAMPLE.read_bytes())
    with client(str(path)) as opened:
        yield opened


def test_the_first_page_shows_what_runs_who_works_and_what_failed(
    board: tuple[TestClient, dict[str, str]],
) -> None:
    opened, jobs = board
    page = opened.get("/").text
    assert f'href="/job/{jobs["running"]}"' in page and "12/50" in page and "0.08333" in page
    assert re.search(r"user: 1 job<", page) and "a wrong number" in page
    assert f'href="/job/{jobs["failed"]}#h-log"' in page
    assert "worker-1" in page and "worker-2" in page
    assert '<span class="unseen">1 queued, 1 running, 1 done, 1 failed</span>' in page
    assert "25 % of 4 jobs done" in page
    assert not re.search(r"\bstyle=|<script(?! src=)|\bon[a-z]+=", page), "the policy would refuse it"


def test_parts_come_by_their_tags(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, _ = board
    page = opened.get("/").text
    tags = dict(re.findall(r'data-part="(\w+)" data-tag="(\w+)"', page))
    assert tags.keys() == {"trouble", "counts", "running", "workers", "failures", "grid"}
    for name, tag in tags.items():
        whole = opened.get(f"/part/queue/{name}")
        assert whole.status_code == 200 and whole.headers["etag"] == f'"{tag}"' and whole.text.strip() in page
        again = opened.get(f"/part/queue/{name}", headers={"If-None-Match": f'"{tag}"'})
        assert again.status_code == 304 and not again.content
    assert opened.get("/part/queue/nothing").status_code == 404


def test_parts_that_have_changed_come_in_one_answer(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, _ = board
    page = opened.get("/").text
    tags = dict(re.findall(r'data-part="(\w+)" data-tag="(\w+)"', page))
    both = opened.get("/part/queue/counts,grid")
    assert re.findall(r'data-part="(\w+)"', both.text) == ["counts", "grid"]
    assert both.text.partition("\n<div data-part")[0] in page
    assert both.headers["etag"] == f'"{tags["counts"]}-{tags["grid"]}"'
    for known, status in ((both.headers["etag"], 304), (f'"{tags["counts"]}-0"', 200)):
        again = opened.get("/part/queue/counts,grid", headers={"If-None-Match": known})
        assert again.status_code == status
    assert opened.get("/part/queue/counts,nothing").status_code == 404


def test_a_job_has_a_page_whatever_became_of_it(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, jobs = board
    for state, digest in jobs.items():
        page = opened.get(f"/job/{digest}").text
        assert f'<span class="state {state}">{state}</span>' in page and digest in page
        assert "ftbench queue" in page
    assert "0.75" in opened.get(f"/job/{jobs['done']}").text
    assert "Traceback: line 7" in opened.get(f"/job/{jobs['failed']}").text
    running = opened.get(f"/job/{jobs['running']}").text
    assert "step 12 of 50" in running and "<polyline" in running


def test_a_job_is_found_by_its_first_characters(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, jobs = board
    answer = opened.get(f"/job/{jobs['done'][:12]}")
    assert answer.status_code == 303 and answer.headers["location"] == f"/job/{jobs['done']}"
    assert opened.get("/job/0000").status_code == 404


def test_lists_of_jobs_are_filtered_by_the_server(board: tuple[TestClient, dict[str, str]]) -> None:
    opened, jobs = board
    page = opened.get("/jobs?state=failed").text
    assert jobs["failed"] in page and jobs["done"] not in page
    assert all(digest in opened.get("/jobs?method=vanilla&task=toy-entail").text for digest in jobs.values())
    assert "No such jobs" in opened.get("/jobs?task=nothing").text
    wrong = opened.get("/jobs?state=runing")
    assert wrong.status_code == 404 and "did you mean &#39;running&#39;" in wrong.text


def test_long_lists_have_pages(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database:
        database.jobs.add([entry(seed) for seed in range(450)])
    with client(address) as opened:
        page = opened.get("/jobs?state=queued").text
        assert "450 jobs, 1 to 200" in page and 'href="/jobs?state=queued&amp;first=200" rel="next"' in page
        last = opened.get("/jobs?state=queued&first=400").text
        assert "401 to 450" in last and 'rel="next"' not in last and last.count('<th scope="row">') == 50


def test_an_empty_database_says_what_to_do(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    create_database(address).close()
    with client(address) as opened:
        assert "No jobs yet. Queue some with <code>ftbench queue</code>" in opened.get("/").text
        assert "No such jobs" in opened.get("/jobs").text
        assert "queue them with" in opened.get("/report").text


def test_names_with_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database:
        named = [entry(seed, label=MARKUP, task=MARKUP, model=MARKUP) for seed in range(4)]
        jobs = fill(database, named)
        with database._store.writing() as transaction:
            transaction.run("UPDATE attempts SET message = :text, worker = :text", text=MARKUP)
            transaction.run("UPDATE jobs SET owner = :text WHERE owner IS NOT NULL", text=MARKUP)
    with client(address) as opened:
        for path in ("/", "/jobs", *(f"/job/{digest}" for digest in jobs.values()), "/report"):
            page = opened.get(path).text
            assert MARKUP not in page and "&lt;img src=x" in page, path
        missing = opened.get(f"/jobs?state={MARKUP}")
        assert MARKUP not in missing.text and missing.status_code == 404


def test_two_hundred_methods_stand_in_one_map(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database:
        database.jobs.add([entry(0, label=f"method-{n}", hparams={"k": n}) for n in range(200)])
    with client(address) as opened:
        assert opened.get("/part/queue/grid").text.count("<tr>") == 201


def test_pages_say_where_nothing_can_be_seen_and_go_on_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "EVERY", 0.0)
    path, away = tmp_path / "runs.db", tmp_path / "away.db"
    with client(str(path)) as opened:
        assert "there is no database" in opened.get("/").text
        with create_database(str(path)) as database:
            fill(database)
        page = opened.get("/").text
        assert "Nothing new is seen" not in page and "a wrong number" in page
        path.rename(away)
        page = opened.get("/").text
        assert "Nothing new is seen" in page and "a wrong number" in page, "what was seen last stays"
        assert opened.get("/jobs").status_code == 200 and opened.get("/report").status_code == 503
        with create_database(str(path)) as database:
            database.jobs.add([entry(9)])
        page = opened.get("/").text
        assert "Nothing new is seen" not in page and "a wrong number" not in page, "it is another database"


def test_a_database_that_was_upgraded_underneath_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "EVERY", 0.0)
    with filled(tmp_path) as (opened, _, address), create_database(address) as database:
        assert "Nothing new is seen" not in opened.get("/").text

        def revision(text: str) -> None:
            with database._store.writing() as transaction:
                transaction.run("UPDATE alembic_version SET version_num = :text", text=text)

        with database._store.reading() as connection:
            known = str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
        revision("9999_from_the_future")
        assert "written by a newer version" in opened.get("/").text
        revision(known)
        assert "Nothing new is seen" not in opened.get("/").text


def test_what_changes_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "EVERY", 0.0)
    with filled(tmp_path) as (opened, jobs, address):
        tag = opened.get("/part/queue/running").headers["etag"]
        tell_live(address, jobs["running"], 13, 50)
        assert opened.get("/part/queue/running").headers["etag"] != tag
        with create_database(address) as database:
            database.jobs.add([entry(77)])
        assert "20 % of 5 jobs done" in opened.get("/part/queue/counts").text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/report", "Bi-Drop"),
        ("/report?table=robustness&methods=bidrop", "noise"),
        ("/report?table=curves", "Vanilla"),
        ("/compare?methods=bidrop,vanilla", "Newcombe"),
        ("/compare?methods=bidrop,vanilla&examples=1", "McNemar"),
        ("/papers?name=bidrop/table5", "Bi-Drop"),
        ("/claims", "Claims"),
        ("/plot?kind=strip&tasks=sst2", "vega"),
        ("/plot?kind=cost", "vega"),
        ("/reports", "Show the report"),
    ],
)
def test_what_the_commands_make_are_pages(example: TestClient, path: str, words: str) -> None:
    answer = example.get(path)
    assert answer.status_code == 200, answer.text
    assert words in answer.text
    assert 'aria-current="page">Reports' in answer.text


def test_jobs_behind_a_number_are_links(example: TestClient) -> None:
    assert re.search(r'"/job/[0-9a-f]{64}"', example.get("/report").text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/report?table=nothing", 404),
        ("/report?methods=./mine.py", 400),
        ("/report?methods=nothing", 404),
        ("/report?metric=../../etc/passwd", 400),
        ("/report?metric=/etc/passwd.py", 400),
        ("/report?tasks=/etc/passwd", 400),
        ("/report?tasks=rows.csv", 400),
        ("/report?models=./weights", 400),
        ("/report?where=(((", 400),
        ("/report?estimand=none", 404),
        ("/report?baseline=a,b", 400),
        ("/compare?methods=bidrop", 400),
        ("/compare?methods=bidrop,vanilla&region=x", 400),
        ("/compare?methods=bidrop,vanilla&perturb=./mine.py:x=1", 400),
        ("/plot?kind=nothing", 404),
        ("/plot?kind=sweep&over=./a.py", 400),
        ("/papers?name=nothing", 404),
        ("/nothing", 404),
        ("/assets/../app.py", 404),
        ("/assets/..%2fapp.py", 404),
        ("/assets/app.py", 404),
    ],
)
def test_what_is_asked_for_wrongly_is_said_in_a_line(example: TestClient, path: str, status: int) -> None:
    answer = example.get(path)
    assert answer.status_code == status, answer.text
    assert "Traceback" not in answer.text and 'class="trouble"' in answer.text


def test_assets_are_sent_once(example: TestClient) -> None:
    for name in ("frame.css", "frame.js", "page.js", "figures.js", "board.css", "board.js"):
        whole = example.get(f"/assets/{name}")
        assert whole.status_code == 200 and len(whole.content) > 100
        again = example.get(f"/assets/{name}", headers={"If-None-Match": whole.headers["etag"]})
        assert again.status_code == 304
