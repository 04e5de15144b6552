"""Rows of a user's own file found again: by their digest, wherever they are, and told of to nobody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ftbench import tasks
from ftbench.domain.cards import CARDS
from ftbench.domain.own_task import CARD, ROWS, task_document, task_of
from ftbench.errors import DataError, DataMissing
from ftbench.tasks import sources

CSV = "text,label\n" + "".join(f"secret {n},{'ab'[n % 2]}\n" for n in range(20))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "reviews.csv").write_text(CSV)
    return tmp_path / "mine" / "reviews.csv"


def test_a_job_carries_all_but_the_rows(own: Path) -> None:
    found = tasks.of_place(str(own))
    places = {CARDS: {CARD: task_document(found.task)}, ROWS: str(own.parent)}
    carried = tasks.task_of_job("reviews", places)
    assert carried == found.task
    ref = sources.reopen(carried, found.revision)
    assert sources.read(carried, "dev", ref) == found.sets["dev"]
    assert str(own.parent) not in str(task_document(found.task))


def test_the_rows_may_lie_elsewhere(own: Path, tmp_path: Path) -> None:
    found = tasks.of_place(str(own))
    task = replace(found.task, own=replace(found.task.own, place="/gone")) if found.task.own else found.task
    with pytest.raises(DataMissing, match="reviews.csv is not on this machine; name the folder"):
        sources.reopen(task, found.revision)
    (tmp_path / "there").mkdir()
    own.rename(tmp_path / "there" / "reviews.csv")
    assert sources.reopen(task, found.revision, tmp_path / "there").path == str(tmp_path / "there")


@pytest.mark.parametrize(
    "content", [CSV + "more,a\n", CSV.replace("secret 3", "secrex 3"), "secret", "text,label\n"]
)
def test_rows_that_changed_are_refused_and_not_quoted(own: Path, content: str) -> None:
    found = tasks.of_place(str(own))
    own.write_text(content)
    with pytest.raises(DataError, match=r"reviews.csv has changed since the job was queued") as told:
        sources.reopen(found.task, found.revision)
    assert "secre" not in str(told.value) and "\n" not in str(told.value)


def test_another_meaning_of_the_labels_is_another_identity(own: Path) -> None:
    found = tasks.of_place(str(own))
    swapped = replace(found.task, labels=("b", "a"))
    with pytest.raises(DataError, match="has changed"):
        sources.reopen(swapped, found.revision)


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"train": ["../../etc/passwd"]}},
        {"files": {"train": ["/etc/passwd"]}},
        {"files": 5},
        {"labels": "ab"},
        {"labels": []},
        {"kind": "anything"},
        {"text": None},
        {"title": "\x1b]0;x"},
        {"evaluation": []},
        {"name": "others"},
    ],
)
def test_what_a_stranger_writes_is_no_task(own: Path, change: dict[str, object]) -> None:
    card = task_document(tasks.of_place(str(own)).task)
    assert task_of({CARDS: {CARD: card}}, "reviews") is not None
    assert task_of({CARDS: {CARD: {**card, **change}}}, "reviews") is None
