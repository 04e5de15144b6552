"""A user's own files: from a CSV to a leaderboard by the real command line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.acceptance.conftest import Place

WORDS = {
    "praise": ("fine", "happy", "kind"),
    "complaint": ("sad", "bad", "angry"),
    "question": ("who", "what", "this"),
    "other": ("house", "river", "dog"),
}


def write_reviews(path: Path, rows: int = 300) -> None:
    """Rows of four kinds, told apart by their words."""
    dice = random.Random(1)
    lines = ["text,label"]
    for number in range(rows):
        kind = dice.choice(list(WORDS))
        lines.append(
            f'"The {dice.choice(WORDS[kind])} man, a {dice.choice(WORDS[kind])} day {number}",{kind}'
        )
    path.write_text("\n".join(lines) + "\n")


def test_from_a_file_to_a_leaderboard(place: Place) -> None:
    write_reviews(place.folder / "reviews.csv")
    told = place.ftbench("tasks", "./reviews.csv")
    assert "4 classes" in told and "majority" in told
    few = ["--models", "tiny", "--seeds", "1", "--set", "steps=4"]
    place.ftbench("queue", "--tasks", "./reviews.csv", "--methods", "bidrop,lora", *few)
    place.ftbench("worker", "--drain", "--threads", "1")
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 3)]
    (place.folder / "reviews.csv").unlink()  # a report needs no file
    found = json.loads(place.ftbench("report", "--table", "main", "--json"))
    (section,) = found["sections"]
    assert [row["title"] for row in section["groups"][0]["rows"]] == ["Vanilla", "Bi-Drop", "LoRA"]
    shown = place.ftbench("report", "--table", "main", "--tasks", "reviews")
    assert "reviews" in shown and "Bi-Drop" in shown


@pytest.mark.slow
def test_numbers_rows_elsewhere_and_rows_that_changed(place: Place, tmp_path: Path) -> None:
    dice = random.Random(2)
    rows = [f"The dog {dice.choice(('sleeps', 'runs'))} {n};{dice.random():.3f}" for n in range(60)]
    own = place.folder / "stars.csv"
    own.write_text("\n".join(["body;stars", *rows]) + "\n")
    columns = ["--tasks", "./stars.csv", "--text", "body", "--label", "stars"]
    place.ftbench("queue", *columns, "--models", "tiny", "--seeds", "2", "--set", "steps=2")
    other = tmp_path / "other"
    other.mkdir()
    shutil.move(own, other / "stars.csv")
    own.write_text("body;stars\nThe dog sleeps;0.5\nA cat runs;1.5\n")
    place.ftbench("worker", "--drain", "--threads", "1", "--max-jobs", "1", code=1)
    ((message,),) = place.rows("select message from attempts")
    assert "stars.csv has changed since the job was queued" in message and "sleeps" not in message
    place.ftbench("retry", "--all", "--yes")
    place.ftbench("worker", "--drain", "--threads", "1", "--data-dir", str(other))
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 2)]
    assert {name for (name,) in place.rows("select metric from scores")} >= {"spearman", "pearson", "mse"}
    assert "stars" in place.ftbench("report", "--table", "main")


@pytest.mark.slow
def test_several_labels_and_labels_of_words(place: Place) -> None:
    dice = random.Random(3)
    topics = ("food", "price", "service")
    with open(place.folder / "topics.jsonl", "w") as file:
        for number in range(60):
            named = [topic for topic in topics if dice.random() < 0.5]
            file.write(json.dumps({"text": f"The dog, {' '.join(named)} {number}", "labels": named}) + "\n")
    with open(place.folder / "names.conll", "w") as file:
        for number in range(40):
            file.write(f"The\tO\n{dice.choice(('dog', 'cat'))}\tB-ANIMAL\nsleeps O\n{number} O\n\n")
    few = ["--models", "tiny", "--seeds", "1", "--set", "steps=3"]
    own = "./topics.jsonl,./names.conll"
    place.ftbench("queue", "--tasks", own, "--methods", "bidrop,lora", *few)
    place.ftbench("worker", "--drain", "--threads", "1")
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 6)]
    told = place.ftbench("report", "--table", "main")
    assert "micro F1" in told and "entity F1" in told and "LoRA" in told
    asked = ("--metric", "macro_f1", "--tasks", "./topics.jsonl")
    assert "macro F1" in place.ftbench("report", *asked)
