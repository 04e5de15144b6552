"""One look for all who watch: when it is made, and what is told of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ftbench.db import create_database
from ftbench.web import feed as module
from ftbench.web.feed import SHARE, SLOWEST, BoardFeed, Pace
from ftbench.web.live_pages import LivePages
from tests.db.samples import entry
from tests.web.places import fill, tell_live


def test_the_database_is_read_where_somebody_has_written_alone(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_database(address) as database:
        jobs = fill(database)
        watched = BoardFeed(address)
        watched.look()
        views, first = count_views(watched, monkeypatch), watched.view
        watched.look()
        assert views == [0] and watched.serial == 1, "nobody has written"
        tell_live(address, jobs["running"], 13, 50)
        watched.look()
        assert views == [0] and watched.view != first and watched.view is not None
        assert watched.view.running[0].live is not None and watched.view.running[0].live.step == 13
        database.jobs.heartbeat(lease_of(database, jobs["running"]), 60.0)
        watched.look()
        assert views == [1] and (watched.serial, watched.results) == (2, 1), "a heartbeat is no result"
        database.jobs.add([entry(50)])
        watched.look()
        assert views == [2] and (watched.serial, watched.results) == (3, 2)
        watched.close()


def count_views(watched: BoardFeed, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the whole queue is read from now on."""
    reader, found = watched.reader, [0]
    view = reader.view

    def counted() -> Any:
        found[0] += 1
        return view()

    monkeypatch.setattr(reader, "view", counted)
    return found


def lease_of(database: Any, digest: str) -> Any:
    """The lease of a running job, as its worker has it."""
    from ftbench.db import Lease

    with database._store.reading() as connection:
        token = connection.exec_driver_sql(f"SELECT token FROM jobs WHERE digest = '{digest}'").scalar_one()
    row = database.jobs.find(digest)
    return Lease(digest, token, row.owner, 1, None, row.label, {})  # type: ignore[arg-type]


def test_many_who_ask_at_once_cost_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "runs.db")
    create_database(address).close()
    watched, looks = BoardFeed(address), []
    look = watched.look
    monkeypatch.setattr(watched, "look", lambda: (looks.append(1), look()))

    async def ask() -> None:
        await asyncio.gather(*(watched.fresh() for _ in range(50)))
        await watched.fresh()

    asyncio.run(ask())
    watched.close()
    assert len(looks) == 1


def test_the_pace_keeps_to_its_share() -> None:
    spent = [0.0]
    pace = Pace(lambda: spent[0])
    for cost, pause in ((0.001, module.EVERY), (0.1, 0.1 / SHARE), (0.1, 0.1 / SHARE), (9.0, SLOWEST)):
        spent[0] += cost
        assert pace.pause() == pytest.approx(pause)


def told(text: str) -> dict[str, Any]:
    assert text.startswith("data: ") and text.endswith("\n\n")
    found = json.loads(text.removeprefix("data: "))
    assert isinstance(found, dict)
    return found


def test_the_stream_says_only_what_has_changed(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    with create_database(address) as database:
        fill(database)
    watched = BoardFeed(address)
    watched.look()
    pages = LivePages(watched, actions=False)

    async def listen() -> None:
        stream = pages._stream("queue", {"counts": "a", "running": "b", "grid": "c"})
        assert (await anext(stream)).startswith("retry:")
        assert told(await anext(stream))["parts"] == {"counts": "a", "running": "b", "grid": "c"}
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        watched.tell("queue", {"counts": "a", "running": "b", "grid": "c"})
        await asyncio.sleep(0)
        assert not waiting.done(), "nothing has changed"
        watched.tell("queue", {"counts": "a", "running": "d", "grid": "c"})
        watched.tell("queue", {"counts": "a", "running": "d", "grid": "e"})
        assert told(await waiting)["parts"] == {"running": "d", "grid": "e"}, (
            "what came meanwhile is told at once"
        )
        await stream.aclose()

    asyncio.run(listen())
    watched.close()
    assert not watched.topics, "what nobody watches is forgotten"


def test_a_job_that_is_gone_is_told_as_trouble(tmp_path: Path) -> None:
    address = str(tmp_path / "runs.db")
    create_database(address).close()
    watched = BoardFeed(address)
    watched.look()
    watched.watch("job/" + "0" * 64)
    pages = LivePages(watched, actions=False)
    assert pages._tags()["job/" + "0" * 64].keys() == {"trouble"}
    watched.close()
