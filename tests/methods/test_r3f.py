"""R3F and R4F: the recorded trajectories, where the noise falls, and when there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ftbench import tasks
from ftbench.errors import ModelError
from ftbench.methods.r3f import R3F, r3f_loss
from ftbench.methods.r4f import R4F
from ftbench.nn import structure
from ftbench.run.data import Batch
from ftbench.testing import trajectory
from ftbench.training import trainer
from tests.methods.mininet import MiniNet, examples, run_of, seeded, whole
from tests.methods.test_golden import assert_replays
from tests.methods.wordnet import WordNet, load_words, padded, sentences
from tests.nn.transformers_small import small


def r3f(**given: Any) -> R3F:
    return R3F(R3F.resolve(given))


def r4f(**given: Any) -> R4F:
    return R4F(R4F.resolve(given))


def test_the_loss_by_hand() -> None:
    divergence = torch.tensor([0.1, 0.5, 0.3], dtype=torch.float64)
    assert r3f_loss(torch.tensor(0.4).double(), divergence, 2.0).item() == pytest.approx(0.4 + 2 * 0.3)


def test_defaults_are_the_papers() -> None:
    assert R3F.defaults() == {"r3f_lambda": 1.0, "eps": 1e-5, "noise_type": "uniform"}
    assert R4F.defaults() == {**R3F.defaults(), "normalise": "head"}
    assert R4F.resolve(variant="published").normalise == "output"


@pytest.mark.parametrize("kind", ["uniform", "regression"])
@pytest.mark.parametrize("noise_type", ["uniform", "normal"])
def test_r3f_follows_the_released_loss(golden, kind: str, noise_type: str) -> None:
    recording = load_words(golden / f"r3f_{kind}.npz")
    meta, arrays = recording.meta, recording.arrays
    steps = trajectory(
        f"r3f[eps={meta['eps']},r3f_lambda={meta['r3f_lambda']},noise_type={noise_type}]",
        recording.model,
        list(zip(arrays["X"], arrays["Y"], strict=True)),
        list(arrays["lr"]),
        task="regression" if meta["regression"] else "classification",
        clip=0.0,
        optimizer="sgd",
        noise={"embeddings": arrays["noise"]},
    )
    assert_replays(steps, recording)


def test_the_divergence_is_the_recorded_one(golden) -> None:
    recording = load_words(golden / "r3f_uniform.npz")
    x, noise = torch.as_tensor(recording.arrays["X"][0]), torch.as_tensor(recording.arrays["noise"][0])
    model = recording.model
    p, q = (z.softmax(-1) for z in (model(x), model.above(model.emb(x) + noise)))
    expected = ((p - q) * (p.log() - q.log())).sum(-1).mean().item()
    assert expected == pytest.approx(float(recording.arrays["symm_kl"][0]), abs=1e-6)


def noise_of(batch: Batch, shape: tuple[int, ...] = (3, 50, 40), **given: Any) -> Tensor:
    m = r3f(**given)
    run = run_of(m, seeded(WordNet), sentences())
    return m._noise(run, batch, torch.zeros(shape, dtype=torch.float64))


def test_noise_is_within_eps_or_of_its_deviation_and_never_on_pads() -> None:
    batch = Batch(None, torch.zeros(3), (4, 5, 6), 3, (50, 20, 50))
    uniform = noise_of(batch, eps=0.5)
    normal = noise_of(batch, eps=0.5, noise_type="normal")
    for values in (uniform, normal):
        assert not values[1, 20:].any() and values[1, :20].all() and values[2].all()
    real = uniform[0]
    assert real.abs().max() <= 0.5 and abs(real.mean()) < 0.03
    assert real.std().item() == pytest.approx(0.5 / 3**0.5, rel=0.05)
    assert normal[0].std().item() == pytest.approx(0.5, rel=0.05) and normal[0].abs().max() > 1.0


def test_noise_changes_from_step_to_step_and_follows_the_seed() -> None:
    found = []
    for seed in (0, 0, 1):
        seen: list[Tensor] = []
        model = seeded(WordNet)
        above = model.above
        model.above = lambda words, seen=seen, above=above: seen.append(words.detach()) or above(words)
        trajectory(r3f(eps=0.1), model, sentences(1), 0.0, total_steps=2, optimizer="sgd", seed=seed)
        found.append([words[4:] - words[:4] for words in seen])  # both passes at once
    assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])
    assert not torch.equal(found[0][0], found[0][1]) and not torch.equal(found[0][0], found[2][0])


def test_the_table_has_no_gradient_through_the_pass_with_noise() -> None:
    given = dict(eps=0.3, r3f_lambda=2.0)
    batches = sentences(1)
    model, m = seeded(WordNet), r3f(**given)
    run = run_of(m, model, batches)
    batch = whole(batches)
    run.backward(m.compute_loss, batch)
    found = {n: p.grad.clone() for n, p in model.named_parameters()}

    twin = seeded(WordNet)
    words = twin.emb(batch.inputs)
    again = r3f(**given)
    run = run_of(again, twin, batches)
    noised = twin.above(words.detach() + again._noise(run, batch, words))
    logits = twin.above(words)
    p, q = logits.softmax(-1), noised.softmax(-1)
    apart = ((p - q) * (p.log() - q.log())).sum(-1).mean()
    (nn.functional.cross_entropy(logits, batch.labels) + 2.0 * apart).backward()
    for name, p_ in twin.named_parameters():
        torch.testing.assert_close(found[name], p_.grad, rtol=0, atol=1e-14)


def single(method: Any, classes: int, passes: list[int] | None = None) -> list[dict[str, Tensor]]:
    def call(model: nn.Module, x: Tensor, number: int) -> Tensor:
        if passes is not None:
            passes.append(number)
        return model(x)

    return trajectory(
        method,
        seeded(lambda: WordNet(classes=classes, rate=0.3)).float(),
        [(x, y.astype(np.float32) if classes == 1 else y) for x, y in sentences(4, classes=classes)],
        1e-2,
        task="regression" if classes == 1 else "classification",
        clip=0.1,
        weight_decay=0.1,
        forward=call,
    )


@pytest.mark.parametrize(("given", "classes"), [({"r3f_lambda": 0}, 3), ({}, 1), ({"eps": 0.3}, 1)])
def test_without_a_noise_term_it_is_vanilla_bit_for_bit_in_one_pass(
    given: dict[str, Any], classes: int
) -> None:
    passes: list[int] = []
    for a, b in zip(single("vanilla", classes), single(r3f(**given), classes, passes), strict=True):
        assert all(torch.equal(a[n], b[n]) for n in a)
    assert passes == [0, 0, 0, 0]


def test_the_two_passes_have_dropout_masks_of_their_own() -> None:
    masks: list[Tensor] = []

    def call(model: nn.Module, x: Tensor, number: int) -> Tensor:
        masks.append(model.dropout(torch.ones(60)))
        return model(x)

    trajectory(r3f(), seeded(lambda: WordNet(rate=0.5)), sentences(2), 0.1, forward=call)
    assert len(masks) == 4 and len({tuple(m.tolist()) for m in masks}) == 4


def test_reports_star_regression() -> None:
    regression, classification = tasks.find("stsb"), tasks.find("rte")
    assert r3f().note_for(regression) == "no noise term in regression, equal to plain fine-tuning"
    assert "only the normalised head" in (r4f().note_for(regression) or "")
    assert r3f().note_for(classification) is None and r4f().note_for(classification) is None


def test_a_model_without_words_is_refused_in_one_line() -> None:
    with pytest.raises(ModelError, match="no word embeddings"):
        trajectory(r3f(), seeded(MiniNet), examples(1), 0.1)


# -- R4F --------------------------------------------------------------------------------------------------


def head_norms(model: nn.Module) -> dict[str, float]:
    """The largest singular value of the weights in use, by layer."""
    return {
        name: float(torch.linalg.matrix_norm(module.weight.detach(), 2))
        for name, module in model.named_modules()
        if hasattr(module, "parametrizations")
    }


HEADS = {
    "bert": ("classifier.",),
    "roberta": ("classifier.dense.", "classifier.out_proj."),
    "bart": ("classification_head.dense.", "classification_head.out_proj."),
    "distilbert": ("pre_classifier.", "classifier."),
}


@pytest.mark.parametrize("kind", list(HEADS))
@pytest.mark.parametrize("variant", ["paper", "published"])
def test_the_layers_of_the_head_keep_norm_1_while_they_train(kind: str, variant: str) -> None:
    model = small(kind, pad_token_id=1).double()
    names = [n for n, _ in model.named_parameters() if n.startswith(HEADS[kind])]
    m = R4F(R4F.resolve(variant=variant))
    batch = padded(kind)
    lr = [0.02] * 30 + [1e-5] * 30  # the estimate follows by an iteration a step
    steps = trajectory(m, model, [batch], lr, total_steps=60, head=names, optimizer="adamw_torch")
    wanted = [h.rstrip(".") for h in (HEADS[kind] if variant == "paper" else HEADS[kind][-1:])]
    norms = head_norms(model)
    assert list(norms) == wanted and all(n == pytest.approx(1.0, abs=0.02) for n in norms.values())
    moved = f"{wanted[-1]}.parametrizations.weight.original"
    assert not torch.equal(steps[0][moved], steps[-1][moved])
    with torch.no_grad():
        kept = {n: b.clone() for n, b in model.named_buffers()}
        model.eval()(**batch.inputs)
        assert all(torch.equal(kept[n], b) for n, b in model.named_buffers())


def test_the_heads_parameters_are_still_known_as_such_and_decay() -> None:
    model = seeded(WordNet)
    m = r4f()
    run = trainer.Run(
        "main",
        model,
        trainer.Objective("toy", False),
        run_of(r3f(), seeded(WordNet), sentences()).recipe,
        1,
        {},
        seeds=dict.fromkeys(("method", "dropout", "head", "order"), 0),
        head_names=("out.weight", "out.bias"),
    )
    trainer.configure(m, run)
    original = "out.parametrizations.weight.original"
    assert run.head_names == {original, "out.bias"}
    assert original not in structure.undecayed_names(run.model) and "out.bias" in structure.undecayed_names(
        model
    )
    decayed = run.optimizers["main"].inner.param_groups[0]["params"]
    assert any(p is run.parameters[original] for p in decayed)


def test_vectors_of_the_power_iteration_follow_the_seed_and_leave_torchs_generator_alone() -> None:
    found = []
    for seed in (0, 0, 1):
        model = seeded(WordNet)
        torch.manual_seed(5)
        trajectory(r4f(), model, sentences(1), 0.0, head=("out",), seed=seed, total_steps=1)
        found.append(dict(model.named_buffers())["out.parametrizations.weight.0._u"])
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_a_model_without_a_new_layer_is_refused_in_one_line() -> None:
    with pytest.raises(ModelError, match="no new linear layer"):
        trajectory(r4f(), seeded(WordNet), sentences(1), 0.1)
