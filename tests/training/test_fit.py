"""A model of one's own, fine-tuned by a call, or step by step in a loop of one's own."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import nn

import ftbench
from ftbench.errors import BadValue, UnknownName, UsageError
from ftbench.methods.bidrop import BiDrop
from ftbench.methods.ema import decay_at
from ftbench.methods.soup import Soup
from ftbench.nn.dropout import set_dropout
from tests.nn.transformers_small import small

#: Eight rows of two classes in one batch; a few steps.
RECIPE = {"epochs": 3, "batch_size": 8, "lr": 1e-2, "warmup_steps": 0}


#: The norm of the gradient is larger than this.
CLIPPED = {**RECIPE, "clip": 0.1}


def rows(count: int = 8, **more: Any) -> list[dict[str, Any]]:
    draw = random.Random(0)
    return [
        {"input_ids": [draw.randrange(3, 30) for _ in range(3 + i % 4)], "label": i % 2, **more}
        for i in range(count)
    ]


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def by_hand(model: nn.Module, data: list[dict[str, Any]], steps: int = 3) -> dict[str, torch.Tensor]:
    """The weights after plain fine-tuning by ``CLIPPED``, all rows in each step, without ftbench."""
    batch = collated(data)
    labels = batch.pop("labels")
    named = dict(model.named_parameters())
    plain = [n for n in named if n.endswith("bias") or "LayerNorm" in n]
    groups = [
        {"params": [named[n] for n in named if n not in plain], "weight_decay": 0.01},
        {"params": [named[n] for n in plain], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RECIPE["lr"])
    for step in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(**batch).logits, labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIPPED["clip"])
        for group in optimizer.param_groups:
            group["lr"] = RECIPE["lr"] * (steps - step) / steps
        optimizer.step()
    return weights(model)


class Watched(BiDrop):
    """Bi-Drop; keeps the weights that each step leaves."""

    after: ClassVar[list[dict[str, torch.Tensor]]] = []

    def training_step(self, run: Any, batch: Any) -> torch.Tensor:
        loss = super().training_step(run, batch)
        self.after.append(weights(run.model))
        return loss


class Members(Soup):
    """A soup; keeps the weights of its members."""

    ends: ClassVar[list[dict[str, torch.Tensor]]] = []

    def model_for_evaluation(self, run: Any) -> nn.Module:
        self.ends.append(weights(run.model))
        return super().model_for_evaluation(run)


def equal(first: nn.Module, second: nn.Module) -> bool:
    one, other = weights(first), weights(second)
    return all(torch.equal(one[name], other[name]) for name in one)


def collated(data: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    width = max(len(row["input_ids"]) for row in data)
    ids = [row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in data]
    mask = [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in data]
    labels = [row["label"] for row in data]
    return {k: torch.tensor(v) for k, v in (("input_ids", ids), ("attention_mask", mask), ("labels", labels))}


def test_what_comes_back_is_what_the_same_steps_by_hand_give() -> None:
    model = small("bert").double()
    set_dropout(model, 0.0)
    trained = weights(ftbench.fit(model, rows(), recipe=CLIPPED))
    before = weights(model)
    expected = by_hand(model.train(), rows())
    torch.testing.assert_close(trained, expected, atol=1e-8, rtol=0)
    assert all((value - before[name]).abs().max() > 1e-4 for name, value in expected.items() if _learns(name))


def _learns(name: str) -> bool:
    """Attention does not see a bias of its keys."""
    return not name.endswith("key.bias") and "token_type" not in name


def test_the_model_given_stays_as_it_is_and_a_trained_copy_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Watched, "after", [])
    model = small("bert")
    before = weights(model)
    trained = ftbench.fit(model, rows(), method=Watched, keep_ratio=0.5, recipe=RECIPE)
    assert all(torch.equal(value, before[name]) for name, value in weights(model).items())
    assert len(Watched.after) == 3 and not equal(trained, model)
    assert all(torch.equal(value, Watched.after[-1][name]) for name, value in weights(trained).items())
    assert not trained.training
    batch = collated(rows())
    labels = batch.pop("labels")
    assert torch.equal(trained(**batch).logits.argmax(-1), labels)


def test_a_seed_repeats_and_another_does_not() -> None:
    first, again, other = (ftbench.fit(small("bert"), rows(), seed=s, recipe=RECIPE) for s in (1, 1, 2))
    assert equal(first, again) and not equal(first, other)


def test_the_head_given_is_where_training_starts() -> None:
    model = small("bert")
    still = ftbench.fit(model, rows(), seed=7, recipe={**RECIPE, "steps": 1, "epochs": None, "lr": 1e-12})
    torch.testing.assert_close(weights(still), weights(model), atol=1e-9, rtol=0)


def test_one_output_means_regression() -> None:
    data = [{**row, "label": row["label"] * 2.5} for row in rows()]
    model = small("bert", outputs=1)
    set_dropout(model, 0.0)
    trained = ftbench.fit(model, data, recipe={**RECIPE, "epochs": 30})
    batch = collated(data)
    labels = batch.pop("labels")
    assert (trained(**batch).logits.squeeze(-1) - labels).square().mean() < 0.3


@pytest.mark.parametrize("side", ["right", "left"])
def test_padding_is_dropped(side: str) -> None:
    model = small("bert")
    set_dropout(model, 0.0)
    padded = []
    for row in rows():
        ids, pads = row["input_ids"], 9 - len(row["input_ids"])
        both = ([0] * pads + ids, [0] * pads + [1] * len(ids))
        if side == "right":
            both = (ids + [0] * pads, [1] * len(ids) + [0] * pads)
        padded.append({"input_ids": both[0], "attention_mask": both[1], "labels": row["label"]})
    if side == "left":  # positions then count from the pads: another function, but a finite one
        assert all(p.isfinite().all() for p in ftbench.fit(model, padded, recipe=RECIPE).parameters())
        return
    assert equal(ftbench.fit(model, padded, recipe=RECIPE), ftbench.fit(model, rows(), recipe=RECIPE))


def test_a_dataset_is_taken_as_it_is() -> None:
    from datasets import Dataset

    data = Dataset.from_list(rows())
    assert equal(
        ftbench.fit(small("bert"), data, recipe=RECIPE), ftbench.fit(small("bert"), rows(), recipe=RECIPE)
    )


def test_the_models_own_dropout_stays_unless_the_recipe_speaks_of_it() -> None:
    model = small("bert")
    set_dropout(model, 0.0)
    runs = [
        ftbench.fit(model, rows(), recipe={**RECIPE, **more})
        for more in ({}, {"dropout": 0.0}, {"dropout": 0.3})
    ]
    assert equal(runs[0], runs[1]) and not equal(runs[0], runs[2])


def test_progress_is_told() -> None:
    seen: list[tuple[str, int, int]] = []
    ftbench.fit(small("bert"), rows(), recipe=RECIPE, on_step=lambda *step: seen.append(step))
    assert seen == [("main", 1, 3), ("main", 2, 3), ("main", 3, 3)]


@pytest.mark.parametrize(
    ("data", "more", "error", "said"),
    [
        ([], {}, BadValue, "no rows"),
        ([{"input_ids": [1]}], {}, BadValue, "row 0 has no 'label'"),
        ([{"label": 1, "text": "a"}], {}, BadValue, "row 0 has no 'input_ids'; it has label, text"),
        (rows(), {"method": "bidrp"}, UnknownName, "did you mean 'bidrop'"),
        (rows(), {"method": "bidrop", "kep_ratio": 0.5}, UnknownName, "did you mean 'keep_ratio'"),
        (rows(), {"recipe": {"learning_rate": 1}}, UnknownName, "recipe setting"),
        (rows(), {"method": "top_k", "k": 9}, UsageError, "3"),
    ],
)
def test_what_is_wrong_is_told(data: Any, more: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        ftbench.fit(small("bert"), data, **more)


# -- a loop of one's own ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["vanilla", "rdrop", "bidrop"])
def test_a_loop_makes_the_steps_that_fit_makes(method: str) -> None:
    model = small("bert").double()
    set_dropout(model, 0.0)
    fitted = ftbench.fit(model, rows(), method=method, recipe=RECIPE)
    settings = {k: v for k, v in RECIPE.items() if k not in ("epochs", "batch_size")}
    tuner = ftbench.Tuner(model, method, total_steps=3, recipe=settings)
    losses = [float(tuner.step(collated(rows()))) for _ in range(3)]
    assert losses[-1] < losses[0]
    assert tuner.finish() is model and not model.training
    torch.testing.assert_close(weights(model), weights(fitted), atol=1e-8, rtol=0)


def test_a_method_that_looks_at_all_rows_first_takes_a_loader() -> None:
    loader = [collated(rows()), collated(rows())]
    tuner = ftbench.Tuner(small("bert"), "child_tuning_d", total_steps=2, train_data=loader)
    assert np.isfinite(float(tuner.step(loader[0])))
    with pytest.raises(UsageError, match="give them as train_data"):
        ftbench.Tuner(small("bert"), "child_tuning_d", total_steps=2)


def test_averaged_weights_are_what_finish_gives() -> None:
    model = small("bert").double()
    average = weights(model)
    tuner = ftbench.Tuner(model, "ema", total_steps=2, recipe={"lr": 1e-2}, decay=0.9)
    for step in (1, 2):
        tuner.step(collated(rows()))
        keep = decay_at(step, 0.9, warmup=True)
        average = {name: keep * average[name] + (1 - keep) * now for name, now in weights(model).items()}
    torch.testing.assert_close(weights(tuner.finish()), average, atol=1e-12, rtol=0)
    assert not equal(tuner.finish(), model)


def test_a_method_of_several_runs_is_refused_in_a_loop_and_done_by_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match="soup makes several runs: use ftbench.fit"):
        ftbench.Tuner(small("bert"), "soup", total_steps=2)
    monkeypatch.setattr(Members, "ends", [])
    soup = ftbench.fit(small("bert").double(), rows(), method=Members, members=2, recipe=RECIPE)
    first, second = Members.ends
    assert not torch.equal(first["classifier.weight"], second["classifier.weight"])
    mean = {name: (value + second[name]) / 2 for name, value in first.items()}
    torch.testing.assert_close(weights(soup), mean, atol=1e-12, rtol=0)


def test_the_noise_of_a_loop_falls_on_real_tokens_alone() -> None:
    """The padding of a batch is in its attention mask: noise does not depend on it."""
    settings = {"lr": 1e-2, "dropout": 0.0}
    losses = []
    for pads in (0, 5):
        batch = collated(rows(4))
        for name, fill in (("input_ids", 0), ("attention_mask", 0)):
            batch[name] = nn.functional.pad(batch[name], (0, pads), value=fill)
        tuner = ftbench.Tuner(small("bert").double(), "freelb", total_steps=2, recipe=settings)
        losses.append([float(tuner.step(batch)) for _ in range(2)])
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
