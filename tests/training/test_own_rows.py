"""Rows and batches of a user's own: taken as people have them, or refused in one line that names the row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import ftbench
from ftbench.errors import BadValue
from ftbench.training import given, own_rows
from tests.nn.transformers_small import small

#: 30 tokens, 64 positions, two segments; RoBERTa's positions begin at 2.
TOKENS, POSITIONS = 30, 64
RECIPE = {"steps": 1, "lr": 1e-2, "warmup_steps": 0}
GOOD = [{"input_ids": [5, 6, 7], "label": 1}, {"input_ids": [8, 9], "label": 0}]


def labels(data: Any, outputs: int = 2, kind: str = "bert") -> list[float]:
    model = small(kind, outputs=outputs)
    found: list[float] = own_rows.read(
        data, model, given.given_task(model), torch.device("cpu")
    ).labels.tolist()
    return found


def with_last(**change: Any) -> list[dict[str, Any]]:
    return [*GOOD, {**GOOD[0], **change}]


@pytest.mark.parametrize(
    "label",
    [1, 1.0, True, np.int64(1), np.float32(1), torch.tensor(1), torch.tensor([1.0]), np.array([1]), [1]],
    ids=repr,
)
def test_a_class_number_may_have_any_type_of_number(label: Any) -> None:
    assert labels(with_last(label=label)) == [1, 0, 1]


@pytest.mark.parametrize("score", [2, 2.0, np.float32(2), torch.tensor([2.0]), [2.0]], ids=repr)
def test_so_may_a_number(score: Any) -> None:
    assert labels(with_last(label=score), outputs=1) == [1.0, 0.0, 2.0]


@pytest.mark.parametrize(
    "ids", [(5, 6, 7), np.array([5, 6, 7]), torch.tensor([5, 6, 7]), torch.tensor([[5, 6, 7]]), [[5, 6, 7]]]
)
def test_token_ids_may_be_lists_arrays_tensors_or_a_batch_of_one(ids: Any) -> None:
    model = small("bert")
    read = own_rows.read(with_last(input_ids=ids), model, given.given_task(model), torch.device("cpu"))
    assert read.data.gather([2], torch.zeros(1)).inputs["input_ids"].tolist() == [[5, 6, 7]]


def test_rows_may_come_once_and_have_either_name_of_the_label_and_columns_of_text() -> None:
    def once() -> Iterator[dict[str, Any]]:
        yield {**GOOD[0], "sentence": "five", "idx": 0}
        yield {"input_ids": [8, 9], "labels": 0, "label": None}

    assert labels(once()) == [1, 0]


def test_one_row_is_enough() -> None:
    trained = ftbench.fit(small("bert"), GOOD[:1], recipe=RECIPE)
    assert all(p.isfinite().all() for p in trained.parameters())


def test_segments_of_another_tokenizer_are_left_out_where_the_model_has_none() -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(1, 2)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> None: ...

    model = Plain()
    data = [{**row, "token_type_ids": [0] * len(row["input_ids"])} for row in GOOD]
    read = own_rows.read(data, model, given.given_task(model), torch.device("cpu"))
    assert "token_type_ids" not in read.data.gather([0], torch.zeros(1)).inputs


CLASSES = "the model has the classes 0 to 1"
BAD_ROWS: list[tuple[dict[str, Any], str]] = [
    ({"label": 0.5}, f"has label 0.5; {CLASSES}"),
    ({"label": 7}, f"has label 7; {CLASSES}"),
    ({"label": -1}, f"has label -1; {CLASSES}"),
    ({"label": -100}, f"has label -100; {CLASSES}"),
    ({"label": float("nan")}, f"has label nan; {CLASSES}"),
    ({"label": "1"}, f"has label '1'; {CLASSES}"),
    ({"label": "positive"}, f"has label 'positive'; {CLASSES}"),
    ({"label": [0, 1]}, "has 2 labels; give one a row"),
    ({"label": torch.tensor([0.0, 1.0])}, "has 2 labels; give one a row"),
    ({"label": []}, "has 0 labels; give one a row"),
    ({"label": None}, "has no 'label'; it has input_ids, label"),
    ({"input_ids": None}, "has no 'input_ids'; it has input_ids, label"),
    ({"input_ids": [5, TOKENS]}, f"has {TOKENS} in 'input_ids'; the model knows 0 to {TOKENS - 1}"),
    ({"input_ids": [5, -1]}, "has -1 in 'input_ids'; the model knows"),
    (
        {"input_ids": [5] * (POSITIONS + 1)},
        f"has {POSITIONS + 1} tokens, but the model has {POSITIONS} positions",
    ),
    ({"input_ids": []}, "has no tokens"),
    ({"input_ids": [5.5]}, "has [5.5] in 'input_ids'; give whole numbers"),
    ({"input_ids": ["the", "dog"]}, "has ['the', 'dog'] in 'input_ids'; give whole numbers"),
    ({"input_ids": [5, None]}, "has [5, None] in 'input_ids'; give whole numbers"),
    ({"input_ids": [[5, 6], [7, 8]]}, "has 2 dimensions in 'input_ids'; give one row, not a batch"),
    ({"input_ids": [[5, 6], [7]]}, "has lists of several lengths in 'input_ids'"),
    ({"attention_mask": [1, 1]}, "has 2 values in 'attention_mask' and 3 in 'input_ids'"),
    ({"attention_mask": [0, 0, 0]}, "has no tokens"),
    ({"attention_mask": [1, 0, 1]}, "has an 'attention_mask' with zeros between ones"),
    ({"attention_mask": [1, 2, 1]}, "has other values than 0 and 1 in 'attention_mask'"),
    ({"token_type_ids": [0, 0, 0]}, "has 'token_type_ids', which row 0 lacks"),
    ({"position_ids": [0, 1, 2]}, "has 'position_ids', which is not passed on to the model"),
]


@pytest.mark.parametrize(("change", "said"), BAD_ROWS)
def test_a_row_that_cannot_be_trained_on_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadValue) as caught:
        ftbench.fit(small("bert"), with_last(**change), recipe=RECIPE)
    assert str(caught.value).startswith(f"train_data: row 2 {said}")


def test_a_row_without_what_the_first_has_is_named() -> None:
    data = [{**GOOD[0], "token_type_ids": [0, 0, 1]}, GOOD[1]]
    with pytest.raises(BadValue, match="train_data: row 1 lacks 'token_type_ids', which row 0 has"):
        labels(data)
    data[1] = {**GOOD[1], "token_type_ids": [0, 2]}
    with pytest.raises(BadValue, match="row 1 has 2 in 'token_type_ids'; the model knows 0 to 1"):
        labels(data)


@pytest.mark.parametrize("score", [float("inf"), float("nan"), "4.5", None, [1.0, 2.0]])
def test_a_score_that_is_no_number_is_named(score: Any) -> None:
    with pytest.raises(BadValue, match="train_data: row 2 has"):
        labels(with_last(label=score), outputs=1)


@pytest.mark.parametrize(
    ("kind", "longest"), [("roberta", POSITIONS - 2), ("bart", POSITIONS), ("deberta-v2", POSITIONS)]
)
def test_the_longest_row_is_what_the_architecture_has_positions_for(kind: str, longest: int) -> None:
    model = small(kind)
    fitting = torch.full((1, longest), 5)
    fitting[:, -1] = 2
    model(input_ids=fitting, attention_mask=torch.ones_like(fitting))
    assert labels(with_last(input_ids=[5] * longest), kind=kind) == [1, 0, 1]
    with pytest.raises(BadValue, match=f"row 2 has {longest + 1} tokens, but the model has {longest} pos"):
        labels(with_last(input_ids=[5] * (longest + 1)), kind=kind)


@pytest.mark.parametrize("kind", ["xlnet", "modernbert"])
def test_an_architecture_without_a_table_of_positions_takes_any_length(kind: str) -> None:
    assert labels(with_last(input_ids=[5] * 500), kind=kind) == [1, 0, 1]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"input_ids": [[5, 6]], "label": [1]}, "a mapping of input_ids, label; give rows"),
        (["input_ids", "label"], "row 0 is of type str; give a mapping"),
        ([([5, 6], 1)], "row 0 is of type tuple; give a mapping"),
        ([None], "row 0 is of type NoneType; give a mapping"),
        (7, "of type int; give rows"),
        ([{}], "row 0 has no 'label'; it has nothing"),
    ],
)
def test_what_are_no_rows_is_said(data: Any, said: str) -> None:
    with pytest.raises(BadValue) as caught:
        ftbench.fit(small("bert"), data, recipe=RECIPE)
    assert str(caught.value).startswith(f"train_data: {said}")


# -- the types of weights -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_weights_are_trained_in_full_precision(dtype: torch.dtype) -> None:
    model = small("bert").to(dtype)
    trained = ftbench.fit(model, GOOD, recipe=RECIPE)
    rounded = ftbench.fit(small("bert").to(dtype).float(), GOOD, recipe=RECIPE)
    assert all(p.dtype is dtype for p in model.parameters())
    for one, other in zip(trained.parameters(), rounded.parameters(), strict=True):
        assert one.dtype is torch.float32 and torch.equal(one, other)


def test_a_loop_keeps_its_model_and_refuses_half_precision() -> None:
    model = small("bert").bfloat16()
    with pytest.raises(BadValue, match=r"its weights are bfloat16, .*; call model.float\(\)"):
        ftbench.Tuner(model, total_steps=2)
    assert all(p.dtype is torch.bfloat16 for p in model.parameters())


def test_fp16_is_refused_on_a_cpu() -> None:
    for refused in (
        lambda: ftbench.fit(small("bert"), GOOD, recipe={"precision": "fp16"}),
        lambda: ftbench.Tuner(small("bert"), total_steps=2, recipe={"precision": "fp16"}),
    ):
        with pytest.raises(BadValue, match="precision=fp16 needs a CUDA GPU, and the model is on the cpu"):
            refused()


def test_quantised_weights_are_refused() -> None:
    model = small("bert")
    model.register_parameter("packed", nn.Parameter(torch.zeros(2, dtype=torch.int8), requires_grad=False))
    with pytest.raises(BadValue, match="model: packed is int8; load the model without quantisation"):
        ftbench.fit(model, GOOD, recipe=RECIPE)


# -- batches of a loop --------------------------------------------------------------------------------------

BATCH: dict[str, Any] = {"input_ids": [[5, 6, 7], [8, 9, 1]], "attention_mask": [[1, 1, 1], [1, 1, 1]]}


def step(batch: Any, outputs: int = 2) -> float:
    model = small("bert", outputs=outputs)
    return float(ftbench.Tuner(model, total_steps=2, recipe={"lr": 1e-2, "dropout": 0.0}).step(batch))


@pytest.mark.parametrize(
    "written",
    [
        [0, 1],
        [0.0, 1.0],
        [False, True],
        np.array([0, 1], dtype=np.int32),
        torch.tensor([0, 1]),
        torch.tensor([[0], [1]]),
    ],
    ids=repr,
)
def test_labels_of_a_batch_may_have_any_type_of_number(written: Any) -> None:
    assert step({**BATCH, "labels": written}) == step({**BATCH, "label": torch.tensor([0, 1])})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": [0, 7]}, f"row 1 has label 7; {CLASSES}"),
        ({"labels": [-100, 0]}, f"row 0 has label -100; {CLASSES}"),
        ({"labels": [0, 0.5]}, f"row 1 has label 0.5; {CLASSES}"),
        ({"labels": [0.0, float("nan")]}, f"row 1 has label nan; {CLASSES}"),
        ({"labels": ["no", "yes"]}, "give tensors or lists of numbers"),
        ({"labels": [[0, 1], [1, 0]]}, "labels of shape (2, 2); give one a row"),
        ({"labels": 1}, "labels of shape (); give one a row"),
        ({"labels": []}, "labels of shape (0,); give one a row"),
        ({"labels": [0, 1, 1]}, "2 rows of input_ids, but 3 labels"),
        ({"labels": None}, "no 'labels'; it has input_ids, attention_mask, labels"),
        ({"labels": [0, 1], "input_ids": [[5, 6, 7], [8, 9, TOKENS]]}, f"row 1 has {TOKENS} in input_ids"),
        ({"labels": [0, 1], "input_ids": [[5, 6, 7], [8, 9]]}, "give tensors or lists of numbers"),
        (
            {"labels": [0, 1], "input_ids": [[5] * 65] * 2},
            f"65 tokens a row, but the model has {POSITIONS} pos",
        ),
    ],
)
def test_a_batch_that_is_no_step_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadValue) as caught:
        step({**BATCH, **change})
    assert said in str(caught.value) and str(caught.value).startswith("batch: ")


def test_what_is_no_batch_and_scores_that_are_no_numbers_are_named() -> None:
    with pytest.raises(BadValue, match="batch: of type tuple; give a mapping"):
        step((BATCH["input_ids"], [0, 1]))
    with pytest.raises(BadValue, match="batch: row 1 has label inf; a model with one output"):
        step({**BATCH, "labels": [0.5, float("inf")]}, outputs=1)


def test_a_module_that_does_not_say_its_classes_takes_any() -> None:
    class Three(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def forward(self, x: torch.Tensor) -> Any:
            return type("Output", (), {"logits": self.layer(x)})()

    tuner = ftbench.Tuner(Three(), total_steps=2, head=["layer"])
    assert np.isfinite(float(tuner.step({"x": torch.ones(2, 2), "labels": [0, 2]})))
    with pytest.raises(BadValue, match="row 0 has label -1; give class numbers from 0"):
        tuner.step({"x": torch.ones(2, 2), "labels": [-1, 2]})
