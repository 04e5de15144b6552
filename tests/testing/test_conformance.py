"""The public checks: what passes, and that each finds the fault it is for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.testing import CHECKS, CheckOutcome, check, conformance, subject
from ftbench.testing.bench import Bench
from tests.tasks.layouts import write

HEAD = """
from dataclasses import dataclass
from ftbench import Method, hparam

{before}

class Own(Method):
    title, paper, family, formula, cost = "Own", "Nobody 2024", "other", "x", "1 pass"

    @dataclass(frozen=True)
    class HParams:
        size: float = hparam({size})

{body}
"""
SIZE = '1.0, range=(0, 2), help="how much", grid=(0.5, 1.0)'


def outcome(folder: Path, name: str, body: str = "", *, before: str = "", size: str = SIZE) -> CheckOutcome:
    """What one check says of a method with this body."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    path = write(folder / "own.py", HEAD.format(before=before, body=lines, size=size))
    (found,) = check(str(path), only=[name])
    return found


@pytest.mark.parametrize(
    "name", [n for n in CHECKS if n not in ("neutral", "overhead", "differs from vanilla")]
)
def test_a_method_that_changes_nothing_passes(tmp_path: Path, name: str) -> None:
    assert outcome(tmp_path, name).passed is True


def test_a_method_that_changes_nothing_says_that_it_is_meant_to(tmp_path: Path) -> None:
    assert "exactly as vanilla" in outcome(tmp_path, "differs from vanilla").note
    assert outcome(tmp_path, "differs from vanilla", "neutral = {}").passed is None
    assert outcome(tmp_path, "neutral", "neutral = {}").passed


def test_what_happens_rarely_is_waited_for(tmp_path: Path) -> None:
    body = """
def edit_gradients(self, run, optimizer):
    if run.step == 60:
        optimizer.params[0].grad.mul_(0.5)
"""
    assert outcome(tmp_path, "differs from vanilla", body).note == "not after 24 steps, but after 104"


def test_a_period_in_steps_makes_the_jobs_longer(tmp_path: Path) -> None:
    size = '50, range=(1, 100), unit="steps", help="how often"'
    assert outcome(tmp_path, "classification", size=size).note.startswith("104 steps")


def test_a_setting_that_turns_a_method_off_is_not_its_fault() -> None:
    (found,) = check("bidrop[k=1,selection=none]", only=["differs from vanilla"])
    assert found.passed and "but with its defaults" in found.note


def test_a_loss_without_a_neutral_setting_may_vary_but_not_be_a_multiple(tmp_path: Path) -> None:
    twice = "def compute_loss(self, run, batch):\n    return 2 * super().compute_loss(run, batch)"
    assert "is 2 times vanilla's" in outcome(tmp_path, "loss scale", twice).note
    more = """
def compute_loss(self, run, batch):
    logits = run.forward(batch)
    return run.task.loss(logits, batch.labels) + logits.square().mean()
"""
    assert outcome(tmp_path, "loss scale", more).passed


def test_draws_that_training_seeds_are_allowed(tmp_path: Path) -> None:
    body = """
def configure_model(self, model, run):
    import torch
    with run.noise.torch_seed("new"):
        model.classifier.bias.data = torch.randn(model.classifier.bias.shape) * 0.01
def compute_loss(self, run, batch):
    from torch.nn.functional import dropout
    logits = run.forward(batch, embeddings=lambda words: dropout(words, 0.1))
    return run.task.loss(logits, batch.labels)
"""
    assert outcome(tmp_path, "draws", body).passed


def test_a_draw_is_found_where_it_is_an_argument_of_a_function_of_the_methods_own(tmp_path: Path) -> None:
    body = """
def compute_loss(self, run, batch):
    import random
    return self.scaled(super().compute_loss(run, batch), random.random())
def scaled(self, loss, by):
    return loss * by
"""
    found = outcome(tmp_path, "draws", body)
    assert found.passed is False and "random draws a random number" in found.note


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("def unsupported(self, model, task):\n    return True", "unsupported() gives True"),
        ("def passes(self, task, epochs):\n    return 0", "passes() gives 0"),
        ("def recipe_defaults(self, variant):\n    return {}", "write @classmethod"),
        ("Title = 'Mine'", "did you mean 'title'"),
        ("compute_loss = 1.0", "compute_loss is a function in Method"),
    ],
)
def test_a_hook_that_cannot_be_used_is_told_with_its_line(tmp_path: Path, body: str, said: str) -> None:
    found = outcome(tmp_path, "hooks", body)
    assert found.passed is False and said in found.note


@pytest.mark.parametrize("name", ["loss_of", "probe", "FineTune", "pass_rate"])
def test_names_of_ones_own_are_no_slips(tmp_path: Path, name: str) -> None:
    assert outcome(tmp_path, "hooks", f"def {name}(self):\n    return 1").passed


def test_overhead_is_measured_against_vanilla(tmp_path: Path) -> None:
    twice = """
def training_step(self, run, batch):
    run.backward(self.compute_loss, batch)
    self.kept = [run.take_gradients()]
    return super().training_step(run, batch)
"""
    found = outcome(tmp_path, "overhead", twice)
    assert found.passed
    time, memory = found.note.split(" × vanilla's time, ")
    assert 1.2 < float(time) < 3
    assert 0.9 < float(memory.split()[0]) < 1.6  # one more set of gradients


FAULTS = {
    "the card lacks formula": ("card", 'formula = ""'),
    "draw through run.noise": (
        "same seed",
        """
def compute_loss(self, run, batch):
    import random
    return super().compute_loss(run, batch) * random.random()
""",
    ),
    "resumed after step 7 of main, 13 of main": (
        "resume",
        """
count = 0
def compute_loss(self, run, batch):
    self.count += 1
    return super().compute_loss(run, batch) * self.count
""",
    ),
    "its checkpoint cannot be loaded": (
        "resume",
        """
def state_dict(self):
    from decimal import Decimal

    return {"mine": Decimal(1)}
""",
    ),
    "in two micro-batches the update is another one": (
        "accumulation",
        """
def compute_loss(self, run, batch):
    return super().compute_loss(run, batch) * len(batch)
""",
    ),
    "it learns nothing": (
        "learns",
        """
def edit_gradients(self, run, optimizer):
    for p in optimizer.params:
        p.grad = None
""",
    ),
    "loss or gradient is not finite from step 1": (
        "classification",
        """
def compute_loss(self, run, batch):
    return super().compute_loss(run, batch) * float("nan")
""",
    ),
    "with size=0.0 the weights are not those of vanilla": (
        "neutral",
        """
neutral = {"size": 0.0}
def compute_loss(self, run, batch):
    return super().compute_loss(run, batch) * (1.0001 + self.hparams.size)
""",
    ),
    "ValueError: no such luck": (
        "regression",
        """
def configure_model(self, model, run):
    raise ValueError("no such luck")
""",
    ),
}


@pytest.mark.parametrize("said", FAULTS)
def test_a_fault_is_found_and_told(tmp_path: Path, said: str) -> None:
    name, body = FAULTS[said]
    found = outcome(tmp_path, name, body)
    assert found.passed is False
    assert said in found.note
    assert "\n" not in found.note


def test_a_file_that_loads_torch_at_once_is_told(tmp_path: Path) -> None:
    found = outcome(tmp_path, "light import", before="import torch")
    assert found.passed is False and "loads torch" in found.note


def test_a_hyper_parameter_without_help_or_outside_its_range_is_told(tmp_path: Path) -> None:
    assert "no help for size" in outcome(tmp_path, "hyper-parameters", size="1.0").note
    beyond = outcome(tmp_path, "hyper-parameters", size='1.0, range=(0, 2), help="x", grid=(3.0,)')
    assert beyond.passed is False and "3.0 is outside [0, 2]" in beyond.note


def test_a_scaled_neutral_setting_holds_to_rounding(tmp_path: Path) -> None:
    body = """
neutral = {"size": 0.0}
neutral_scale = 3.0
def compute_loss(self, run, batch):
    return super().compute_loss(run, batch) * (3 + self.hparams.size)
"""
    found = outcome(tmp_path, "neutral", body)
    assert found.passed and "vanilla with the loss times 3" in found.note


def test_a_method_that_claims_to_begin_as_the_model_does_is_held_to_it(tmp_path: Path) -> None:
    body = """
neutral_start = True
def configure_model(self, model, run):
    model.classifier.bias.data.add_(self.hparams.size)
"""
    found = outcome(tmp_path, "neutral", body)
    assert found.passed is False and "before its first step the outputs are" in found.note
    assert outcome(tmp_path, "neutral", "neutral_start = True").passed


def test_what_a_method_refuses_does_not_count_against_it(tmp_path: Path) -> None:
    body = """
def unsupported(self, model, task):
    return "needs classes" if task.regression else None
"""
    assert outcome(tmp_path, "regression", body) == CheckOutcome("regression", None, "needs classes")
    assert outcome(tmp_path, "classification", body).passed
    assert outcome(tmp_path, "neutral", body).passed is None


def test_hyper_parameters_are_those_named() -> None:
    (found,) = check("bidrop[k=3,selection=none]", only=["classification"])
    assert found.passed


@pytest.mark.parametrize(
    ("model", "said"), [("tyny", "did you mean 'tiny'"), ("./nofolder", "nofolder does not exist")]
)
def test_a_model_that_is_not_there_is_told_once_before_any_check(model: str, said: str) -> None:
    with pytest.raises(FtbenchError, match=said):
        check("bidrop", model=model)


@pytest.mark.parametrize(
    ("method", "only", "said"),
    [
        ("bidrp", [], "did you mean 'bidrop'"),
        ("bidrop", ["resum"], "did you mean 'resume'"),
        ("bidrop[k=2|3]", [], "one value for each"),
        ("bidrop[k=0]", [], "outside"),
    ],
)
def test_what_cannot_be_checked_is_told_at_once(method: str, only: list[str], said: str) -> None:
    with pytest.raises((UnknownName, BadValue), match=said):
        check(method, only=only)


def test_checks_train_on_the_device_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[object] = []

    def bench(model: str, dtype: torch.dtype, *, device: str) -> Bench:
        named.append(device)
        return Bench(model, dtype)

    monkeypatch.setattr(subject, "Bench", bench)
    monkeypatch.setattr(conformance, "prepare_device", lambda *given: named.append(given))
    subject._kept.cache_clear()
    (one,) = check("vanilla", only=["classification"], device="cuda:0")
    subject._kept.cache_clear()
    assert one.passed and named == [("cuda:0", 0, "deterministic"), "cuda:0"]
