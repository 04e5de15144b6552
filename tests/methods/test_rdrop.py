"""R-Drop's definitions against numbers worked out by hand."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch
from torch import Tensor, nn

from ftbench import tasks
from ftbench.domain.model import ModelSpec
from ftbench.errors import BadValue, UnknownName
from ftbench.methods.rdrop import RDrop, rdrop_loss
from ftbench.run.objectives import Objective
from ftbench.testing import trajectory
from tests.methods.mininet import DropNet, MiniNet, examples, run_of, seeded, whole

# Losses of the two passes 0.3 and 0.5; divergences of three rows: sum 0.9, mean 0.3; α = 2.
FIRST, SECOND = torch.tensor(0.3, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
DIVERGENCE = torch.tensor([0.1, 0.5, 0.3], dtype=torch.float64)
CLASSIFICATION = {
    "paper": 0.3 + 0.5 + 2 * 0.5 * 0.3,
    "readme": 0.15 + 0.25 + 2 * 0.5 * 0.9,
    "hf_bert": 0.3 + 0.5 + 2 * 0.5 * 0.5 * 0.9,
    "hf_roberta": 0.15 + 2 * 0.7 * 0.5 * 0.9,
    "fairseq": 0.3 + 0.5 + 2 * 0.5 * 0.3,
}
REGRESSION = {
    "paper": 0.3 + 0.5 + 2 * 0.5 * 0.3,
    "readme": 0.15 + 0.25 + 2 * 0.5 * 0.3,
    "hf_bert": 0.3 + 0.5 + 2 * 1.0 * 0.3,
    "hf_roberta": 0.15 + 2 * 0.8 * 0.3,
}


def value(**more: object) -> float:
    return rdrop_loss(FIRST, SECOND, DIVERGENCE, alpha=2.0, **more).item()  # type: ignore[arg-type]


@pytest.mark.parametrize(("loss", "expected"), CLASSIFICATION.items())
def test_each_definition_by_hand(loss: str, expected: float) -> None:
    assert value(loss=loss) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(("loss", "expected"), REGRESSION.items())
def test_each_definition_of_regression_by_hand(loss: str, expected: float) -> None:
    assert value(loss=loss, regression=True) == pytest.approx(expected, abs=1e-15)


def test_every_definition_is_a_value_of_the_hyper_parameter() -> None:
    (field,) = [f for f in fields(RDrop.HParams) if f.name == "loss"]
    assert set(field.metadata["hparam"]["choices"]) == CLASSIFICATION.keys()
    assert RDrop.defaults() == {"alpha": 1.0, "loss": "paper", "reduction": "default"}
    assert RDrop.resolve(variant="published").loss == "hf_bert"


def test_reduction_overrules_the_definition() -> None:
    assert value(loss="paper", reduction="sum") == pytest.approx(0.8 + 2 * 0.5 * 0.9)
    assert value(loss="hf_bert", reduction="mean") == pytest.approx(0.8 + 2 * 0.25 * 0.3)
    assert value(loss="paper", reduction="sum", regression=True) == pytest.approx(0.8 + 2 * 0.5 * 0.9)


def test_a_sum_over_micro_batches_is_the_sum_over_the_batch() -> None:
    parts = [DIVERGENCE[:1], DIVERGENCE[1:]]
    losses = [
        rdrop_loss(FIRST, SECOND, d, alpha=2.0, loss="readme", batch_rows=3) * (len(d) / 3) for d in parts
    ]
    assert sum(losses).item() == pytest.approx(CLASSIFICATION["readme"])


@pytest.mark.parametrize(
    "given", [{"alpha": -1.0}, {"loss": "papr"}, {"reduction": "max"}, {"alpha": "nan"}, {"beta": 1}]
)
def test_what_is_out_of_range_is_refused(given: dict[str, object]) -> None:
    with pytest.raises((BadValue, UnknownName)):
        RDrop.resolve(given)


# -- the divergence ---------------------------------------------------------------------------------------


def test_divergence_is_both_kl_without_a_half() -> None:
    p = torch.tensor([[0.5, 0.5], [0.9, 0.1]], dtype=torch.float64)
    q = torch.tensor([[0.25, 0.75], [0.9, 0.1]], dtype=torch.float64)
    p_to_q = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    q_to_p = 0.25 * math.log(1 / 2) + 0.75 * math.log(3 / 2)
    found = Objective("toy", False).divergence(p.log() + 7.0, q.log() - 3.0)  # logits may be shifted
    assert found.tolist() == pytest.approx([p_to_q + q_to_p, 0.0], abs=1e-14)


def test_divergence_of_far_outputs_stays_finite() -> None:
    far = torch.tensor([[200.0, -200.0]])
    found = Objective("toy", False).divergence(far, -far)
    assert found.item() == pytest.approx(800.0)


def test_divergence_in_regression_is_the_squared_difference() -> None:
    found = Objective("toy", True).divergence(torch.tensor([[1.0], [2.0]]), torch.tensor([[0.5], [4.0]]))
    assert found.tolist() == [0.25, 4.0]


def test_task_loss_by_hand() -> None:
    logits = torch.tensor([[0.5, 0.5], [0.9, 0.1]], dtype=torch.float64).log()
    loss = Objective("toy", False).loss(logits, torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(-(math.log(0.5) + math.log(0.1)) / 2)
    scores = torch.tensor([[1.0], [2.0]]).double()
    assert Objective("toy", True).loss(scores, torch.tensor([0.0, 4.0])).item() == pytest.approx(2.5)


# -- the step ---------------------------------------------------------------------------------------------


def passes(model: nn.Module, x: Tensor, number: int) -> Tensor:
    """Two passes that differ as two dropout masks do."""
    mask = torch.ones(6, dtype=torch.float64)
    mask[number::2] = 0.5
    return model.classifier(model.pooled(x) * mask)


@pytest.mark.parametrize(
    ("loss", "regression"), [*((x, False) for x in CLASSIFICATION), *((x, True) for x in REGRESSION)]
)
def test_step_follows_the_gradient_of_the_definition(loss: str, regression: bool) -> None:
    classes = 1 if regression else 3
    batches = examples(1, classes=classes)
    model, twin = (seeded(lambda: MiniNet(classes=classes)) for _ in range(2))
    batch, task = whole(batches), Objective("toy", regression)
    z1, z2 = (passes(twin, batch.inputs, i) for i in (0, 1))
    rdrop_loss(
        task.loss(z1, batch.labels),
        task.loss(z2, batch.labels),
        task.divergence(z1, z2),
        alpha=0.7,
        loss=loss,
        regression=regression,
    ).backward()
    method = f"rdrop[loss={loss},alpha=0.7]"
    kind = "regression" if regression else "classification"
    (after,) = trajectory(method, model, batches, 1.0, task=kind, clip=0.0, optimizer="sgd", forward=passes)
    for name, p in twin.named_parameters():
        torch.testing.assert_close(after[name], p.detach() - p.grad, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss", ["paper", "hf_bert"])
def test_accumulation_changes_no_definition(loss: str) -> None:
    batches = examples(1, rows=7)
    found = []
    for parts in (1, 3):
        method = RDrop(RDrop.resolve({"loss": loss}))
        run = run_of(method, seeded(MiniNet), batches, call=passes, batch_size=7, accumulation=parts)
        run.backward(method.compute_loss, whole(batches))
        found.append(run.take_gradients())
    for name, gradient in found[0].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=0, atol=1e-14)


def test_without_weight_on_the_divergence_it_fits_both_passes() -> None:
    batches = examples(1)
    run = run_of(RDrop(RDrop.resolve({"alpha": 0})), seeded(MiniNet), batches)
    loss = run.backward(RDrop(RDrop.resolve({"alpha": 0})).compute_loss, whole(batches))
    plain = run.task.loss(run.model(whole(batches).inputs), whole(batches).labels)
    assert loss.item() == pytest.approx(2 * plain.item())


def test_the_two_passes_have_dropout_of_their_own() -> None:
    batches = examples(1)
    masks = []

    def call(model: nn.Module, x: Tensor, number: int) -> Tensor:
        masks.append(model.dropout(torch.ones(50)))
        return model(x)

    method = RDrop()
    run = run_of(method, seeded(lambda: DropNet(0.5)), batches, call=call)
    method.compute_loss(run, whole(batches))
    assert len(masks) == 2 and not torch.equal(*masks)


def test_fairseq_refuses_regression_alone() -> None:
    model = ModelSpec("bert-base", "", "bert", 110)
    fairseq = RDrop(RDrop.resolve({"loss": "fairseq"}))
    reason = fairseq.unsupported(model, tasks.find("stsb"))
    assert reason is not None and "no regression" in reason and "fairseq" in reason
    assert fairseq.unsupported(model, tasks.find("rte")) is None
    assert RDrop().unsupported(model, tasks.find("stsb")) is None
