"""LoRA, prefix and prompt: what is trained, what is not, on which architectures, and resuming."""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ftbench import methods
from ftbench.domain.job import STREAMS
from ftbench.domain.model import ModelSpec
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.methods import Method
from ftbench.nn import adapters, structure
from ftbench.nn.dropout import set_dropout
from ftbench.run.run import Run
from ftbench.tasks import find as task
from ftbench.testing import trajectory
from ftbench.testing.bench import Bench, Watcher
from ftbench.training import evaluation, trainer
from ftbench.training.trainer import Stopped
from tests.methods.mininet import MiniNet, run_of, seeded
from tests.nn.transformers_small import CONFIGS, inputs
from tests.nn.transformers_small import loaded as small

NAMES = ("lora", "prefix", "prompt")
#: Trained on BERT-large-cased with two classes, as the weight mixup paper counts.
PUBLISHED = {"lora": 788_482, "prefix": 985_090, "prompt": 22_530}
#: What each refuses.
REFUSED = {
    "lora": {"xlnet"},
    "prefix": {"deberta", "deberta-v2", "albert", "distilbert", "bart", "xlnet", "modernbert"}
    | {"t5", "umt5"},
    "prompt": {"bart"},
}
WORKING = [(name, kind) for name in NAMES for kind in CONFIGS if kind not in REFUSED[name]]


def made(name: str, **given: Any) -> Method:
    cls = methods.find(name)
    return cls(cls.resolve(given))


def configured(name: str, model: nn.Module, **given: Any) -> Run:
    return run_of(made(name, **given), model, [])


def trained(model: nn.Module) -> set[str]:
    return {n for n, p in model.named_parameters() if p.requires_grad}


def logits(model: nn.Module, given: dict[str, torch.Tensor] | None = None) -> torch.Tensor:
    model.eval()
    with torch.inference_mode():
        found: torch.Tensor = model(**(given or inputs())).logits
    return found


# -- what is trained --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bert_large() -> Any:
    from transformers import AutoConfig

    return AutoConfig.for_model(
        "bert",
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        vocab_size=28996,
    )


@pytest.mark.parametrize("name", NAMES)
def test_trainable_parameters_of_bert_large_are_the_published_ones(name: str, bert_large: Any) -> None:
    from transformers import AutoModelForSequenceClassification

    with torch.device("meta"):
        model = AutoModelForSequenceClassification.from_config(bert_large)
    run = configured(name, model)
    moved = sum(p.numel() for p in run.model.parameters() if p.requires_grad)
    assert moved == PUBLISHED[name]
    share = 100 * moved / sum(p.numel() for p in run.parameters.values())
    printed = {"lora": 0.236, "prefix": 0.294, "prompt": 0.0067}[name]  # percent, of App. F
    assert abs(share - printed) < (
        0.0005 if printed > 0.1 else 0.0001
    )  # the smallest is cut off, not rounded
    assert not any("pooler" in n for n in trained(run.model))


@pytest.mark.parametrize(("name", "kind"), WORKING)
def test_two_steps_move_what_is_trained_and_nothing_else(name: str, kind: str) -> None:
    model = small(kind)
    batches = [(inputs(), np.array([0, 1, 1]))] * 2
    before = {id(p): p.detach().clone() for p in model.parameters()}
    method = made(name)
    seen: dict[str, torch.nn.Module] = {}
    configure = method.configure_model
    method.configure_model = lambda m, run: seen.setdefault("model", configure(m, run) or m)  # type: ignore
    steps = trajectory(method, model, batches, 1e-2)
    whole = seen["model"]
    assert not any(p.grad is not None for p in whole.parameters())
    moved = {n for n in steps[0] if not torch.equal(steps[0][n], steps[1][n])}
    assert moved == trained(whole)
    head = structure.outside_body(small(kind))
    new = [n for n, p in whole.named_parameters() if id(p) not in before]
    assert new and trained(whole) == set(new) | {
        n for n, p in whole.named_parameters() if n.removeprefix("base_model.") in head
    }
    for p in whole.parameters():
        if not p.requires_grad:
            assert torch.equal(p, before[id(p)])


@pytest.mark.parametrize(("name", "kind"), WORKING)
def test_no_gradient_is_made_for_what_is_frozen(name: str, kind: str) -> None:
    run = configured(name, small(kind))
    run.model(**inputs()).logits.square().sum().backward()
    for n, p in run.model.named_parameters():
        assert (p.grad is not None) == p.requires_grad, n
    # B is 0 at first, so that no gradient reaches A
    reached = [p for n, p in run.model.named_parameters() if p.requires_grad and "lora_A" not in n]
    assert all(bool(p.grad.abs().sum() > 0) for p in reached)


@pytest.mark.parametrize("name", NAMES)
def test_the_pooler_is_trained_on_demand(name: str) -> None:
    frozen, whole = (trained(configured(name, small("bert"), train_pooler=t).model) for t in (False, True))
    assert {n.removeprefix("base_model.") for n in whole - frozen} == {
        "bert.pooler.dense.weight",
        "bert.pooler.dense.bias",
    }


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_head_follow_the_wrapper_and_alone_are_trained(name: str) -> None:
    model = small("bert")
    head = {"classifier.weight", "classifier.bias", "bert.pooler.dense.weight"}
    plain = run_of(made("vanilla"), small("bert"), [])
    seeds = dict.fromkeys(STREAMS, 0)
    run = Run("main", model, plain.task, plain.recipe, 1, {}, seeds=seeds, head_names=head)
    trainer.configure(made(name), run)
    start = "" if name == "lora" else "base_model."
    assert run.head_names == {start + n for n in head} and run.head_names <= set(run.parameters)
    assert {n for n in trained(run.model) if "lora" not in n and "prompt" not in n} == run.head_names


# -- LoRA -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["query_value", "all_linear"])
@pytest.mark.parametrize("kind", CONFIGS)
def test_lora_begins_as_the_model_itself(kind: str, target: str) -> None:
    if kind in REFUSED["lora"] and target == "query_value":
        pytest.skip("refused")
    wanted = logits(small(kind))
    run = configured("lora", small(kind), target=target)
    assert torch.equal(logits(run.model), wanted)
    with torch.no_grad():
        for n, p in run.model.named_parameters():
            if "lora_B" in n:
                p.fill_(0.1)
    assert not torch.equal(logits(run.model), wanted)


def test_an_adapted_projection_by_hand() -> None:
    run = configured("lora", small("bert"), r=2, alpha=6)
    query = run.model.get_submodule("bert.encoder.layer.1.attention.self.query")
    a, b = query.lora_A["default"].weight, query.lora_B["default"].weight
    assert a.shape == (2, 16) and b.shape == (16, 2) and bool((b == 0).all()) and bool((a != 0).all())
    with torch.no_grad():
        b.copy_(torch.arange(32.0).reshape(16, 2) / 32)
    run.model.eval()
    x = torch.linspace(-1, 1, 16)[None]
    wanted = x @ query.base_layer.weight.T + query.base_layer.bias + 3.0 * (x @ a.T) @ b.T
    torch.testing.assert_close(query(x), wanted, rtol=1e-5, atol=1e-6)
    bound = math.sqrt(1 / 16) * math.sqrt(6 / (1 + 5))  # Kaiming with a = √5
    assert 0.5 * bound < a.abs().max() <= bound


def test_lora_has_a_dropout_of_its_own() -> None:
    model = small("bert")
    set_dropout(model, 0.0)
    run = configured("lora", model, lora_dropout=0.4)
    rates = {m.p for n, m in run.model.named_modules() if isinstance(m, nn.Dropout) and "lora" in n}
    assert rates == {0.4} and run.drops
    assert not configured("lora", _still(), lora_dropout=0).drops


def _still() -> nn.Module:
    model = small("bert")
    set_dropout(model, 0.0)
    return model


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if kind not in REFUSED["lora"]])
def test_queries_and_values_are_peft_s_choice_where_it_has_one(kind: str) -> None:
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as CHOICE

    found = {n.rpartition(".")[2] for n in adapters.linear_layers(small(kind), adapters.QUERY_VALUE)}
    assert found == set(CHOICE.get(kind, found)) and found
    model = small(kind)
    modules = dict(model.named_modules())
    names = adapters.linear_layers(model, adapters.QUERY_VALUE)
    assert all("att" in n.lower() for n in names) and all(isinstance(modules[n], nn.Linear) for n in names)


def test_all_linear_layers_are_those_of_the_layers() -> None:
    run = configured("lora", small("xlnet"), target="all_linear")
    adapted = {n.rpartition(".lora_A")[0] for n, _ in run.model.named_parameters() if "lora_A" in n}
    assert adapted == {f"transformer.layer.{i}.ff.layer_{j}" for i in range(3) for j in (1, 2)}


def test_a_model_without_such_projections_is_refused() -> None:
    with pytest.raises(BadValue, match="lora: the model has no linear layers of target=query_value"):
        configured("lora", seeded(MiniNet))


# -- prefix and prompt ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [(n, k) for n, k in WORKING if n != "lora"])
def test_padding_changes_nothing(name: str, kind: str) -> None:
    run = configured(name, small(kind))
    ids = inputs()["input_ids"]
    pad = torch.zeros(3, 4, dtype=ids.dtype) + (run.model.config.pad_token_id or 0)
    left = kind == "xlnet"
    parts = [pad, ids] if left else [ids, pad]
    padded = torch.cat(parts, 1)
    mask = torch.cat([torch.zeros_like(pad) if p is pad else torch.ones_like(ids) for p in parts], 1)
    alone = logits(run.model)
    together = logits(run.model, {"input_ids": padded, "attention_mask": mask})
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["prefix", "prompt"])
def test_what_stands_before_the_text_matters(name: str) -> None:
    run = configured(name, small("bert"))
    before = logits(run.model)
    assert not torch.allclose(before, logits(small("bert")))
    with torch.no_grad():
        run.model.get_parameter("prompt_encoder.default.embedding.weight").mul_(-1)
    assert not torch.allclose(logits(run.model), before)


def test_a_prefix_is_a_key_and_a_value_for_each_layer() -> None:
    run = configured("prefix", small("bert"), num_virtual_tokens=5)
    assert run.parameters["prompt_encoder.default.embedding.weight"].shape == (5, 3 * 2 * 16)
    run.model(**inputs()).logits.sum().backward()
    gradient = run.parameters["prompt_encoder.default.embedding.weight"].grad
    assert gradient is not None and bool((gradient.reshape(5, 6, 16).abs().sum((0, 2)) > 0).all())


@pytest.mark.parametrize(("kind", "width"), [("bert", 16), ("electra", 8), ("albert", 8)])
def test_a_prompt_is_as_wide_as_the_word_embeddings(kind: str, width: int) -> None:
    run = configured("prompt", small(kind), num_virtual_tokens=4)
    assert run.parameters["prompt_encoder.default.embedding.weight"].shape == (4, width)


def test_a_prompt_may_begin_as_words() -> None:
    run = configured("prompt", small("bert"), init="vocabulary")
    words = run.model.get_parameter("base_model.bert.embeddings.word_embeddings.weight")
    prompt = run.parameters["prompt_encoder.default.embedding.weight"]
    assert all(any(torch.equal(row, word) for word in words) for row in prompt)


@pytest.mark.parametrize("name", ["prefix", "prompt"])
@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_rows_too_long_for_the_positions_are_refused_in_one_line(name: str, kind: str) -> None:
    if name == "prefix" and kind in REFUSED["prefix"]:
        pytest.skip("refused")
    run = configured(name, small(kind))
    room = 64 - (2 if kind == "roberta" else 0)  # RoBERTa's positions begin behind its pad, which is 1
    logits(run.model, inputs(width=room - 20))
    with pytest.raises(BadValue, match=f"exceed the model's {room} positions: set max_length to"):
        logits(run.model, inputs(width=room - 19))


# -- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", CONFIGS)
def test_what_cannot_be_done_is_refused_at_queue_time_and_in_the_model(name: str, kind: str) -> None:
    reason = made(name).unsupported(ModelSpec(kind, "", kind, 0.0), task("toy-accept"))
    assert (reason is not None) == (kind in REFUSED[name])
    if reason is not None:
        assert "\n" not in reason
        with pytest.raises(BadValue, match=name):
            configured(name, small(kind))


@pytest.mark.parametrize("name", NAMES)
def test_without_peft_the_error_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def missing(wanted: str, *args: Any, **more: Any) -> Any:
        if wanted == "peft":
            raise ModuleNotFoundError("No module named 'peft'", name="peft")
        return plain(wanted, *args, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(FtbenchError, match=f"^{name}: the package peft is not installed here: pip install"):
        configured(name, small("bert"))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("lora", {"r": 0}),
        ("lora", {"lora_dropout": 1}),
        ("lora", {"alpha": 0}),
        ("lora", {"target": "key"}),
        ("prefix", {"num_virtual_tokens": 0}),
        ("prompt", {"init": "text"}),
    ],
)
def test_what_is_out_of_range_is_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        methods.find(name).resolve(given)


# -- seeds and resuming -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_beginning_follows_the_methods_seed_alone(name: str) -> None:
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(found))  # of no consequence
        run = run_of(made(name), small("bert"), [], seed=seed)
        state = torch.random.get_rng_state()
        found.append({n: p.detach() for n, p in run.parameters.items() if "lora_A" in n or "prompt" in n})
        torch.manual_seed(len(found) - 1)
        assert torch.equal(torch.random.get_rng_state(), state)
    for n in found[0]:
        assert torch.equal(found[0][n], found[1][n]) and not torch.equal(found[0][n], found[2][n])


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_job_ends_where_the_undisturbed_one_does(name: str, bench: Bench, tmp_path: Path) -> None:
    job = bench.job(name, lr=1e-2)
    undisturbed = bench.trainer(job)
    wanted = undisturbed.method.fit(undisturbed)
    stopped = bench.trainer(job, folder=tmp_path, listener=Watcher(stop=("main", 4)))
    with pytest.raises(Stopped):
        stopped.method.fit(stopped)
    again = bench.trainer(job, folder=tmp_path)
    found = again.method.fit(again)
    assert again.facts["runs"]["main"]["resumed_at"] == 4
    for n, value in wanted.state_dict().items():
        assert torch.equal(found.state_dict()[n], value), n
    facts = again.facts["runs"]["main"]
    assert facts["head_tensors"] == 2
    assert facts["trained"] == sum(p.numel() for p in found.parameters() if p.requires_grad)
    assert facts["parameters"] == sum(p.numel() for p in found.parameters()) > facts["trained"] > 0


class Twice(Method):
    """Trains two runs, of which the first is finished when the second is interrupted."""

    inner: Method

    def fit(self, trainer: Any) -> nn.Module:
        self.first = trainer.run(self.inner, name="first").model
        trainer.run(self.inner, name="second", seed=9)
        return self.first


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_run_is_read_back_whole(name: str, bench: Bench, tmp_path: Path) -> None:
    job = bench.job(name, lr=1e-2)
    method = Twice()
    method.inner = made(name)
    stopped = bench.trainer(job, method, tmp_path, listener=Watcher(stop=("second", 3)))
    with pytest.raises(Stopped):
        method.fit(stopped)
    watcher = Watcher()
    found = method.fit(bench.trainer(job, method, tmp_path, listener=watcher))
    assert {run for run, _ in watcher.steps} == {"second"}
    undisturbed = Twice()
    undisturbed.inner = made(name)
    wanted = undisturbed.fit(bench.trainer(job, undisturbed)).state_dict()
    assert all(torch.equal(found.state_dict()[n], wanted[n]) for n in wanted)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task_name", ["toy-accept", "toy-sim"])
def test_a_trained_model_predicts(name: str, task_name: str, bench: Bench) -> None:
    job = bench.job(name, task=task_name, steps=3)
    fitted = bench.trainer(job)
    model = fitted.method.fit(fitted)
    outputs = task(task_name).outputs
    data, rows = fitted._corpus.data, [int(r) for r in fitted._corpus.rows[:7]]
    found = evaluation.predict(model, data, rows, outputs)
    assert found.shape == (7, outputs) and np.isfinite(found).all() and found.std() > 0
    one = evaluation.predict(model, data, rows[2:3], outputs)
    np.testing.assert_allclose(one[0], found[2], rtol=1e-4, atol=1e-5)


def test_learning_rates_and_lengths_come_along() -> None:
    shared = {"epochs": 20, "warmup_ratio": 0.06}
    brought = {name: methods.find(name).recipe_defaults() for name in NAMES}
    rates = {"lora": 3e-4, "prefix": 1e-2, "prompt": 1e-3}
    assert brought == {name: {"lr": rate, **shared} for name, rate in rates.items()}
