"""What configurations say of positions, layers and classes."""

from __future__ import annotations

from typing import Any

import pytest

from ftbench.models import architecture

LONG = int(1e30)


@pytest.mark.parametrize(
    ("config", "tokenizer", "positions"),
    [
        ({"model_type": "bert", "max_position_embeddings": 512}, {}, 512),
        ({"model_type": "bert", "max_position_embeddings": 512}, {"model_max_length": 64}, 64),
        ({"model_type": "bert", "max_position_embeddings": 64}, {"model_max_length": 512}, 64),
        ({"model_type": "bert", "max_position_embeddings": 512}, {"model_max_length": LONG}, 512),
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, {}, 512),
        ({"model_type": "camembert", "max_position_embeddings": 514}, {}, 512),
        ({"model_type": "xlm-roberta", "max_position_embeddings": 66, "pad_token_id": 0}, {}, 65),
        ({"model_type": "bart", "max_position_embeddings": 1024, "pad_token_id": 1}, {}, 1024),
        ({"model_type": "gpt2", "n_positions": 1024}, {}, 1024),
        ({"model_type": "t5", "n_positions": 512}, {"model_max_length": 512}, 512),
        ({"model_type": "t5", "n_positions": 512}, {}, 0),
        ({"model_type": "xlnet"}, {}, 0),
        (
            {"model_type": "deberta-v2", "max_position_embeddings": 512, "position_biased_input": False},
            {"model_max_length": LONG},
            0,
        ),
        ({}, {}, 0),
    ],
)
def test_positions_are_those_that_a_text_may_take(
    config: dict[str, Any], tokenizer: dict[str, Any], positions: int
) -> None:
    assert architecture.positions(config, tokenizer) == positions


def test_classes_are_named_in_the_order_of_their_numbers() -> None:
    assert architecture.class_names({"id2label": {"10": "k", "2": "c", "0": "a"}}) == ("a", "c", "k")
    assert architecture.class_names({}) == architecture.class_names({"id2label": {"x": "y"}}) == ()


@pytest.mark.parametrize(
    "family", ["bert", "roberta", "deberta-v2", "electra", "bart", "xlnet", "modernbert"]
)
def test_the_encoders_name_is_that_of_the_library(family: str) -> None:
    from tests.nn.transformers_small import small

    assert architecture.base(family) == small(family).base_model_prefix
