"""One job from its JSON to its events."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest
import torch

from ftbench import tasks
from ftbench.domain.provenance import Provenance
from ftbench.errors import DataError, ModelError, UnknownName
from ftbench.methods import find, source_digest
from ftbench.methods.base import Method
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.tasks import toy
from ftbench.training import perform as performing
from ftbench.training.evaluation import scored
from ftbench.training.failure import TooLarge
from ftbench.training.perform import perform
from tests.training.conftest import Bench, Watcher
from tests.training.performed import Sent, done, logits_of


@pytest.fixture(scope="module")
def sent(bench: Bench) -> Sent:
    return done(bench.job("bidrop", noise=0.1, steps=60))


def test_events_come_in_their_order(sent: Sent) -> None:
    names = [name for name, _ in sent]
    assert names == ["predictions"] + ["score"] * 5 + ["curve"] * 120 + ["provenance"]


def test_predictions_are_the_logits_that_the_scores_come_from(sent: Sent) -> None:
    (predictions,) = sent.of("predictions")
    assert {k: v for k, v in predictions.items() if k != "logits"} == {
        "run": "main",
        "evaluation": "dev",
        "rows": toy.DEV_ROWS,
        "outputs": 2,
    }
    logits = logits_of(sent)
    labels = np.asarray(toy.rows("toy-accept", "dev").labels, dtype=np.float64)
    assert sent.scores == scored(tasks.find("toy-accept"), logits, labels)
    assert [values["evaluation"] for values in sent.of("score")] == ["dev"] * 4 + ["train"]


def test_the_last_score_says_what_the_model_explains_of_its_training_labels(bench: Bench) -> None:
    def explained(steps: int, lr: float) -> float:
        job = bench.job(
            "rdrop", noise=0.1, steps=steps, lr=lr
        )  # whose own loss is twice the task's, and more
        (found,) = (v for v in done(job).of("score") if v["evaluation"] == "train")
        assert found["metric"] == "explained"
        return float(found["value"])

    assert explained(1, 1e-12) < 0.01  # nothing was learnt
    assert explained(150, 1e-3) > 0.05


def test_predictions_stand_in_the_order_of_the_rows(bench: Bench) -> None:
    job = bench.job(steps=1, lr=1e-12)
    pretrained = bench.shelf.get(bench.ref, 2)
    model = pretrained.build(task=job.task, head_seed=0, dropout=0.1)
    texts = toy.rows("toy-accept", "dev").texts[0][:5]
    encoded = pretrained.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        wanted = model.eval()(**encoded).logits.numpy()
    np.testing.assert_allclose(logits_of(done(job))[:5], wanted, atol=1e-5)
    assert len({tuple(row) for row in wanted.tolist()}) == 5


def test_curves_are_of_loss_and_norm(sent: Sent) -> None:
    curves = sent.of("curve")
    assert [c["step"] for c in curves if c["name"] == "loss"] == list(range(1, 61))
    assert {c["name"] for c in curves} == {"loss", "grad_norm"} and {c["run"] for c in curves} == {"main"}
    assert all(np.isfinite(c["value"]) for c in curves)


def test_provenance_says_what_was_run_and_on_what(sent: Sent, bench: Bench) -> None:
    (provenance,) = sent.of("provenance")
    values = provenance["values"]
    assert values["threads"] == 1 and values["device"] == "cpu" and values["torch"] == torch.__version__
    assert values["method_digest"] == source_digest(find("bidrop")) and values["precision"] == "fp32"
    assert values["seconds"].keys() == {"model", "data", "training", "evaluation"}
    assert {"rows", "noise", "train_size", "ranking_noise"} <= values["digests"].keys()
    assert values["runs"]["main"]["total_steps"] == 60 and values["runs"]["main"]["resumed_at"] == 0
    assert {"head", "order"} <= values["runs"]["main"].keys()


def test_provenance_names_no_path_and_no_host(sent: Sent) -> None:
    text = json.dumps(sent.of("provenance"))
    assert str(Path.cwd()) not in text and str(Path.home()) not in text
    assert "/" not in text.replace("://", "") and socket.gethostname() not in text


def test_number_of_threads_is_set_and_recorded(bench: Bench) -> None:
    before = torch.get_num_threads()
    try:
        values = done(bench.job(steps=1), threads=2).of("provenance")[0]["values"]
        assert values["threads"] == 2 == torch.get_num_threads()
        assert set(values) <= Provenance.__annotations__.keys()
    finally:
        torch.set_num_threads(before)


def test_a_job_scores_the_same_after_another_in_the_same_process(bench: Bench, sent: Sent) -> None:
    done(bench.job("rdrop", task="toy-sim", steps=2))
    again = done(bench.job("bidrop", noise=0.1, steps=60))
    assert again.of("predictions") == sent.of("predictions") and again.scores == sent.scores


def test_a_regression_task_has_its_own_scores(bench: Bench) -> None:
    sent = done(bench.job(task="toy-sim", steps=2))
    assert sent.scores.keys() == {"pearson", "spearman", "mse"}
    assert sent.of("predictions")[0]["outputs"] == 1


def test_evaluation_sees_clean_labels_and_all_rows(bench: Bench) -> None:
    clean, noisy = (done(bench.job(steps=1, lr=1e-9, noise=noise)) for noise in (0.0, 0.5))
    assert clean.scores == pytest.approx(noisy.scores, abs=0.02)
    assert {s.of("predictions")[0]["rows"] for s in (clean, noisy)} == {toy.DEV_ROWS}


def test_a_finished_job_leaves_no_checkpoint_that_a_stopped_one_would_need(
    bench: Bench, tmp_path: Path
) -> None:
    job = bench.job(steps=6)
    sent = done(job, workdir=str(tmp_path), checkpoint_seconds=0)
    again = done(job, workdir=str(tmp_path), checkpoint_seconds=0)
    assert again.scores == sent.scores
    assert again.of("provenance")[0]["values"]["runs"]["main"]["resumed_at"] == 5


def test_what_is_not_there_is_an_error_of_the_user(bench: Bench) -> None:
    spec = bench.job().canonical()
    for part, changed, error in (
        ("method", {"name": "bidrp", "hparams": {}}, UnknownName),
        ("task", {**spec["task"], "name": "colla"}, UnknownName),
        ("task", {**spec["task"], "revision": "toy-0-0"}, DataError),
        ("model", {"id": "folder:none", "revision": "sha256:0"}, ModelError),
        ("method", {"name": "bidrop", "hparams": {"kk": 2}}, UnknownName),
    ):
        sent = Sent()
        with pytest.raises(error):
            perform({"job": {**spec, part: changed}, "device": "cpu"}, sent, Watcher())
        assert not sent


def test_base_weights_and_tokens_are_paid_for_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(performing, "_warm", {})
    done(bench.job(steps=1))
    ((shelf, library),) = performing._warm.values()
    kept = list(shelf._kept.values())
    rows = list(library._rows.values())
    assert kept and rows
    done(bench.job("rdrop", steps=1, seed=1))
    assert all(a is b for a, b in zip(kept, shelf._kept.values(), strict=True))
    assert all(a is b for a, b in zip(rows, library._rows.values(), strict=True))


class Narrow:
    """A machine whose memory takes no more than so many rows at once, from a step on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: int, first: int = 0) -> None:
        self.sizes: list[int] = []
        loss = Method.compute_loss

        def computed(method: Method, run: Run, batch: Batch) -> torch.Tensor:
            if run.step >= first and len(batch) > rows:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
            self.sizes.append(len(batch))
            return loss(method, run, batch)

        monkeypatch.setattr(Method, "compute_loss", computed)


def runs(sent: Sent) -> Provenance:
    (told,) = sent.of("provenance")
    return told["values"]  # type: ignore[no-any-return]


def test_where_memory_runs_out_the_job_goes_on_from_its_checkpoint_with_smaller_parts(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bench.job(steps=6, batch_size=16)
    whole = done(job)
    narrow = Narrow(monkeypatch, rows=4, first=3)
    sent = done(job, workdir=str(tmp_path), checkpoint_seconds=0)
    assert runs(sent)["parts"] == 4 and runs(sent)["runs"]["main"]["resumed_at"] == 3
    assert "parts" not in runs(whole)
    assert narrow.sizes[:2] == [16, 16] and narrow.sizes[-1] <= 4
    assert sent.scores.keys() == whole.scores.keys()


def test_a_machine_too_small_for_one_row_ends_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    Narrow(monkeypatch, rows=0)
    with pytest.raises(TooLarge, match="out of memory"):
        done(bench.job(steps=2))


def test_a_method_that_needs_its_batch_whole_fails_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = Narrow(monkeypatch, rows=8, first=1)
    monkeypatch.setattr(find("vanilla"), "whole_batch", "its loss is over pairs of rows")
    with pytest.raises(TooLarge, match="out of memory"):
        done(bench.job(steps=2, batch_size=16), parts=4)
    assert sum(narrow.sizes) == 16, "nothing was tried again, nor cut because an attempt before was"


def test_an_error_that_is_not_of_memory_is_not_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def falls(method: Method, run: Run, batch: Batch) -> torch.Tensor:
        tries.append(run.step)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Method, "compute_loss", falls)
    with pytest.raises(RuntimeError, match="mat1"):
        done(bench.job(steps=2))
    assert tries == [0]


def test_an_attempt_after_one_that_the_kernel_ended_begins_with_smaller_parts(bench: Bench) -> None:
    assert runs(done(bench.job(steps=1), parts=4))["parts"] == 4
