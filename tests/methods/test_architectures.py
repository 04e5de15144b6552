"""Every method on every architecture with both kinds of heads: it trains, or says why not."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

import ftbench
from ftbench import methods, models, tasks
from ftbench.domain.suited import WITHOUT_TOKEN_HEAD
from ftbench.errors import BadValue, UsageError
from ftbench.methods import Method
from ftbench.nn import decoders
from ftbench.training import given
from tests.models.backbones import saved
from tests.nn.transformers_small import CONFIGS, DECODERS, T5, loaded, small

BACKBONES = (*DECODERS, *T5)

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


def assert_trained_or_refused(cells: Any) -> None:
    failed = [f"{c.method} on {c.architecture}, {c.head}: {c.failed}" for c in cells if c.failed]
    assert not failed, "\n".join(failed)
    assert all("\n" not in c.refused for c in cells)


#: One method of each way of working on a model: layers, linear maps, adapters, embeddings, hidden states.
WAYS = ("llrd", "mixout", "lora", "prompt", "prefix", "freelb", "hype", "child_tuning_d", "bitfit")


@pytest.mark.parametrize("kind", ["bert", "bart", "gpt2", "llama", "gemma3_text", "t5"])
def test_one_method_of_each_way_trains_or_says_why_not(script: ModuleType, kind: str) -> None:
    found = [script.cell(name, kind, "classification") for name in WAYS]
    assert_trained_or_refused(found)
    page = script.PAGE.read_text(encoding="utf-8")
    assert all(c.refused in page for c in found)


@pytest.mark.parametrize("kind", BACKBONES)
def test_a_job_is_refused_when_queued_for_what_refuses_its_model_in_training(
    kind: str, tmp_path: Path
) -> None:
    spec = replace(models.resolve(str(saved(kind, tmp_path / kind)))[0], name="the model")
    task = tasks.find("toy-accept")
    for entry in methods.available():
        assert entry.cls is not None
        method = entry.cls()
        model = loaded(kind)
        try:
            given.refuse(method, model, task)
            reason = None
        except UsageError as error:
            reason = str(error)
        assert method.refusal(spec, task) == reason, entry.name


def test_a_model_in_a_loop_of_ones_own_is_refused_what_needs_linear_layers() -> None:
    task = tasks.find("toy-accept")
    for name in ("mixout", "dps_dense", "dps_mix", "weight_mixup", "lora"):
        with pytest.raises(UsageError, match=f"{name} works on linear layers, .*Conv1D"):
            given.refuse(methods.find(name)(), small("gpt2"), task)
        given.refuse(methods.find(name)(), loaded("gpt2"), task)
    bidrop = methods.find("bidrop")
    given.refuse(bidrop(), small("gpt2"), task)
    with pytest.raises(UsageError, match="bidrop works on linear layers"):
        given.refuse(bidrop(bidrop.resolve({"parameters": "linear_weights"})), small("gpt2"), task)


def test_fit_mixes_the_linear_maps_of_gpt2_and_gives_them_back_as_they_were(script: ModuleType) -> None:
    model = small("gpt2")
    trained = ftbench.fit(model, script.rows("classification"), "mixout", recipe=script.RECIPE, p=0.5)
    assert {n: p.shape for n, p in trained.named_parameters()} == {
        n: p.shape for n, p in model.named_parameters()
    }
    plain = ftbench.fit(model, script.rows("classification"), recipe=script.RECIPE | {"dropout": 0.0})
    name = "transformer.h.1.mlp.c_fc.weight"
    assert not torch.equal(trained.get_parameter(name), plain.get_parameter(name))
    assert decoders.transposed(trained)


def test_a_decoder_without_padding_token_is_refused_before_it_is_trained(script: ModuleType) -> None:
    with pytest.raises(BadValue, match=r"model\.config\.pad_token_id is not set"):
        ftbench.fit(small("llama", pad_token_id=None), script.rows("classification"))


@pytest.mark.slow
def test_every_method_trains_or_says_why_not(cells: Any) -> None:
    assert_trained_or_refused(cells)


@pytest.mark.slow
def test_the_table_has_every_method_architecture_and_head(cells: Any) -> None:
    names = {c.method for c in cells}
    assert names >= {"vanilla", "bidrop", "lora", "prefix", "prompt"}
    assert {(c.method, c.architecture, c.head) for c in cells} == {
        (n, k, h) for n in names for k in CONFIGS for h in ("classification", "regression")
    }
    assert len(cells) == len(names) * len(CONFIGS) * 2


@pytest.mark.slow
def test_plain_fine_tuning_refuses_nothing(cells: Any) -> None:
    assert not any(c.refused for c in cells if c.method == "vanilla")


@pytest.mark.slow
def test_the_page_in_the_docs_is_that_of_all_kinds_of_heads(script: ModuleType, cells: Any) -> None:
    several = script.matrix(heads=script.SEVERAL)
    assert not [c for c in several if c.failed]
    assert all(
        "no bart with a head on each token" in c.refused
        for c in several
        if c.architecture == "bart" and c.head == "labels of words"
    )
    assert script.PAGE.read_text(encoding="utf-8") == script.page([*cells, *several])


@pytest.mark.parametrize("head", ["several labels", "labels of words"])
def test_a_model_of_ones_own_with_several_labels_is_trained(script: ModuleType, head: str) -> None:
    found = [script.cell(name, "roberta", head) for name in ("vanilla", "rdrop", "prompt")]
    assert not any(c.failed or c.refused for c in found)


def test_the_architectures_without_a_head_on_tokens_are_those_of_transformers() -> None:
    from transformers.models.auto import modeling_auto

    texts, tokens = (
        set(getattr(modeling_auto, f"MODEL_FOR_{kind}_CLASSIFICATION_MAPPING_NAMES"))
        for kind in ("SEQUENCE", "TOKEN")
    )
    assert not WITHOUT_TOKEN_HEAD & tokens
    assert {k for k in CONFIGS if k not in tokens} <= WITHOUT_TOKEN_HEAD <= texts


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
