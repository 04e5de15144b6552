"""Models as people bring them, through the real commands: trained as asked for, or refused when queued."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from ftbench.models import packaged
from tests.acceptance.conftest import Place
from tests.tasks.layouts import write

WORDS = "the red dog sleeps and the old cat sees a small bird ".split()


@pytest.fixture
def place(loaded_place: Place) -> Place:
    return loaded_place


def tiny(place: Path, before: str = "", outputs: int = 0) -> Path:
    """The embedded model in a folder of the user's; its names behind a prefix, and with a head."""
    place.mkdir()
    for file in packaged("tiny").iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    weights = load_file(place / "model.safetensors")
    if outputs:
        weights |= {"classifier.weight": torch.ones(outputs, 96), "classifier.bias": torch.ones(outputs)}
    save_file({before + name: value for name, value in weights.items()}, place / "model.safetensors")
    return place


def long_rows(folder: Path) -> Path:
    """SST-2 with rows of more words than ``tiny`` has positions."""
    for name, rows in (("train", 12), ("dev", 6)):
        lines = [f"{' '.join(WORDS * 8)}\t{number % 2}" for number in range(rows)]
        write(folder / f"SST-2/{name}.tsv", "sentence\tlabel", *lines)
    return folder


def queue(place: Place, *arguments: str, code: int = 0) -> str:
    return place.ftbench("queue", "--methods", "vanilla", "--set", "steps=2", *arguments, code=code)


def test_rows_longer_than_the_positions_are_cut_and_that_is_told(place: Place) -> None:
    data = str(long_rows(place.folder / "data"))
    tiny(place.folder / "mine")
    grid = ("--tasks", "sst2", "--models", "tiny,./mine", "--seeds", "1", "--data-dir", data)
    process = place.start("queue", "--methods", "vanilla,prompt", *grid, "--set", "steps=2")
    told = process.communicate()[1]
    assert "max_length is 64, not 128: tiny has 64 positions\n" in told
    assert "max_length is 44, not 128: folder:mine has 64 positions, 20 of them for virtual tokens\n" in told
    place.ftbench("worker", "--drain")
    assert place.rows("select count(*) from jobs where state = 'done'") == [(4,)]


def test_a_wrapped_checkpoint_with_another_head_trains_its_own_encoder(place: Place) -> None:
    tiny(place.folder / "plain")
    tiny(place.folder / "wrapped", "module.", outputs=3)
    grid = ("--tasks", "toy-accept", "--seeds", "2", "--train-size", "32")
    queue(place, *grid, "--models", "./plain,./wrapped")
    place.ftbench("worker", "--drain")
    scores = place.rows(
        "select seed, count(distinct value), count(*) from scores join jobs using (digest)"
        " where metric = 'matthews' group by seed"
    )
    assert scores == [(0, 1, 2), (1, 1, 2)]  # the head of the file has left no trace
    heads = place.rows("select model, json_extract(recipe, '$.head') from jobs where seed = 0 order by model")
    assert heads == [("folder:plain", None), ("folder:wrapped", "drawn")]
    told = place.rows("select distinct json_extract(facts, '$.weights_prefix') from provenance order by 1")
    assert told == [(None,), ("module.",)]
    assert "no head to keep" in queue(place, *grid, "--models", "./plain", "--keep-head", code=2)
    assert "its head has 3 outputs" in queue(place, *grid, "--models", "./wrapped", "--keep-head", code=2)


def test_a_head_of_the_tasks_own_classes_can_be_kept(place: Place) -> None:
    folder = tiny(place.folder / "mine", outputs=2)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "unacceptable", "1": "acceptable"}
    (folder / "config.json").write_text(json.dumps(config))
    grid = ("--tasks", "toy-accept", "--seeds", "2", "--train-size", "32", "--models", "./mine")
    queue(place, *grid, "--keep-head")
    place.ftbench("worker", "--drain")
    heads = place.rows(
        "select count(distinct json_extract(facts, '$.runs.main.head')), count(*) from provenance"
    )
    assert heads == [(1, 2)]


def test_code_of_a_model_is_not_run_by_an_answer_that_waits(place: Place) -> None:
    folder = tiny(place.folder / "mine")
    grid = ("--tasks", "toy-accept", "--seeds", "1", "--train-size", "32", "--models", "./mine")
    queue(place, *grid)
    place.ftbench("export", "--jobs", "jobs.jsonl")
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "own-bert", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config | own))
    (folder / "own.py").write_text("open('ran', 'w')\n")
    assert "needs code of its own" in queue(place, *grid, code=1)
    for command in (
        [*place.programs.execute, "--jobs", "jobs.jsonl", "--events", "events.jsonl"],
        [*place.programs.ftbench, "check", "vanilla", "--model", "./mine", "--only", "same seed"],
    ):
        done = subprocess.run(
            command,
            cwd=place.folder,
            env=place.env,
            input="y\n" * 9,
            text=True,
            capture_output=True,
        )
        assert done.returncode == 1 and not (place.folder / "ran").exists(), done.stderr
