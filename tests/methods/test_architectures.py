"""Every method on every architecture with both kinds of heads: it trains, or says why not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from ftbench.methods import Method
from tests.nn.transformers_small import CONFIGS, small

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architectures", ROOT / "scripts" / "architectures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["architectures"] = module  # its dataclass looks its module up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cells(script: ModuleType) -> Any:
    return script.matrix()


def test_every_method_trains_or_says_why_not(cells: Any) -> None:
    failed = [f"{c.method} on {c.architecture}, {c.head}: {c.failed}" for c in cells if c.failed]
    assert not failed, "\n".join(failed)
    assert all("\n" not in c.refused for c in cells)


def test_the_table_has_every_method_architecture_and_head(cells: Any) -> None:
    names = {c.method for c in cells}
    assert names >= {"vanilla", "bidrop", "lora", "prefix", "prompt"}
    assert {(c.method, c.architecture, c.head) for c in cells} == {
        (n, k, h) for n in names for k in CONFIGS for h in ("classification", "regression")
    }
    assert len(cells) == len(names) * len(CONFIGS) * 2


def test_plain_fine_tuning_refuses_nothing(cells: Any) -> None:
    assert not any(c.refused for c in cells if c.method == "vanilla")


def test_the_page_in_the_docs_is_that_of_the_table(script: ModuleType, cells: Any) -> None:
    assert script.PAGE.read_text(encoding="utf-8") == script.page(cells)


# -- what the table would show of methods that do not work ------------------------------------------------


class Raises(Method):
    def configure_model(self, model: nn.Module, run: Any) -> None:
        raise RuntimeError("no such layer")


class Idle(Method):
    def training_step(self, run: Any, batch: Any) -> Any:
        return run.backward(self.compute_loss, batch)


class Refuses(Method):
    def unsupported(self, model: Any, task: Any) -> str | None:
        return "no numbers here" if task.regression else None


@pytest.mark.parametrize(
    ("method", "head", "failed", "refused"),
    [
        (Raises, "classification", "RuntimeError: no such layer", ""),
        (Idle, "regression", "no parameter moved", ""),
        (Refuses, "regression", "", "no numbers here"),
        (Refuses, "classification", "", ""),
    ],
)
def test_failures_and_refusals_are_told_apart(
    script: ModuleType, method: type[Method], head: str, failed: str, refused: str
) -> None:
    found = script.cell(method, "bert", head)
    assert (found.failed, found.refused) == (failed, refused)


def test_weights_that_are_not_finite_are_a_failure(script: ModuleType) -> None:
    model = small("bert")
    before = {n: torch.zeros_like(p) for n, p in model.named_parameters()}
    assert script.wrong(before, model) == ""
    with torch.no_grad():
        model.get_parameter("classifier.bias").fill_(float("nan"))
    assert script.wrong(before, model) == "not finite: classifier.bias"


def test_reasons_are_numbered_below_the_table(script: ModuleType) -> None:
    made = [script.Cell("a", "bert", h) for h in script.HEADS]
    made += [script.Cell("a", "bart", h, refused="no decoder") for h in script.HEADS]
    made += [script.Cell("b", "bert", h, refused="no numbers" * (h == "regression")) for h in script.HEADS]
    made += [script.Cell("b", "bart", h, refused="no decoder") for h in script.HEADS]
    text = script.page(made)
    assert "| [`a`](a.md) | yes | no (1) |" in text
    assert "| [`b`](b.md) | classification: yes, regression: no (2) | no (1) |" in text
    assert text.endswith("## Reasons\n\n1. no decoder\n2. no numbers\n")
