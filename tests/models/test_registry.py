from __future__ import annotations

from typing import Any

import pytest

from ftbench import models
from ftbench.domain.recipe import Recipe, layered
from ftbench.errors import UnknownName
from tests.nn.transformers_small import CONFIGS


def of(model: str, task: str) -> Recipe:
    return layered(models.recipe(models.find(model), task))


def test_short_names_stand_for_hub_ids() -> None:
    ids = {name: models.find(name).hub_id for name in models.names()}
    assert ids == {
        "bert-base": "google-bert/bert-base-uncased",
        "bert-large": "google-bert/bert-large-cased",
        "roberta-base": "FacebookAI/roberta-base",
        "roberta-large": "FacebookAI/roberta-large",
        "deberta-large": "microsoft/deberta-large",
        "deberta-v3-base": "microsoft/deberta-v3-base",
        "deberta-v3-large": "microsoft/deberta-v3-large",
        "electra-base": "google/electra-base-discriminator",
        "electra-large": "google/electra-large-discriminator",
        "bart-base": "facebook/bart-base",
        "bart-large": "facebook/bart-large",
        "xlnet-base": "xlnet/xlnet-base-cased",
        "xlnet-large": "xlnet/xlnet-large-cased",
        "albert-base": "albert/albert-base-v2",
        "distilbert-base": "distilbert/distilbert-base-uncased",
        "modernbert-base": "answerdotai/ModernBERT-base",
        "modernbert-large": "answerdotai/ModernBERT-large",
        "gpt2": "openai-community/gpt2",
        "gpt2-medium": "openai-community/gpt2-medium",
        "qwen2.5-0.5b": "Qwen/Qwen2.5-0.5B",
        "qwen3-0.6b": "Qwen/Qwen3-0.6B-Base",
        "llama-3.2-1b": "meta-llama/Llama-3.2-1B",
        "gemma-3-270m": "google/gemma-3-270m",
        "gemma-2-2b": "google/gemma-2-2b",
        "mistral-7b": "mistralai/Mistral-7B-v0.3",
        "t5-small": "google-t5/t5-small",
        "t5-base": "google-t5/t5-base",
        "t5-large": "google-t5/t5-large",
        "mt5-small": "google/mt5-small",
        "minilm": "",
        "tiny": "",
    }


@pytest.mark.parametrize(
    "text", ["bert-large", "BERT-Large", "google-bert/bert-large-cased", "bert-large-cased"]
)
def test_other_spellings_mean_the_same_model(text: str) -> None:
    assert models.find(text).name == "bert-large"


def test_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown model 'bert-bse'; did you mean 'bert-base'"):
        models.find("bert-bse")


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize("task", ["cola", "rte", "mrpc", "stsb", "sst2", "mnli", "toy-sim"])
def test_every_recipe_is_a_whole_one(name: str, task: str) -> None:
    recipe = of(name, task)
    assert recipe.total_steps(1000) > recipe.warmup(recipe.total_steps(1000))


def test_bert_has_the_default_recipe() -> None:
    assert of("bert-base", "cola") == of("bert-large", "mnli") == Recipe()


@pytest.mark.parametrize(
    ("model", "task", "steps", "warmup", "batch", "lr", "decay"),
    [
        ("roberta-base", "cola", 5336, 320, 16, 1e-5, 0.1),
        ("roberta-large", "rte", 2036, 122, 16, 2e-5, 0.1),
        ("roberta-large", "mrpc", 2296, 137, 16, 1e-5, 0.1),
        ("roberta-large", "stsb", 3598, 214, 16, 2e-5, 0.1),
        ("bart-large", "rte", 1018, 61, 32, 1e-5, 0.01),
        ("bart-large", "mrpc", 1148, 68, 64, 2e-5, 0.01),
        ("bart-large", "stsb", 1799, 107, 32, 2e-5, 0.01),
        ("bart-large", "cola", 1334, 80, 64, 2e-5, 0.01),
        ("xlnet-large", "rte", 3000, 500, 32, 2e-5, 0.01),
        ("xlnet-large", "mrpc", 800, 200, 32, 2e-5, 0.01),
    ],
)
def test_recipes_in_updates_are_those_of_the_tables(
    model: str, task: str, steps: int, warmup: int, batch: int, lr: float, decay: float
) -> None:
    recipe = of(model, task)
    assert (recipe.steps, recipe.epochs, recipe.warmup_steps, recipe.warmup_ratio) == (
        steps,
        None,
        warmup,
        None,
    )
    assert (recipe.batch_size, recipe.lr, recipe.weight_decay) == (batch, lr, decay)


@pytest.mark.parametrize(
    ("model", "task", "epochs", "warmup", "lr"),
    [
        ("deberta-large", "cola", 6, 100, 7e-6),
        ("deberta-large", "rte", 6, 50, 1e-5),
        ("deberta-large", "mrpc", 6, 10, 1e-5),
        ("deberta-large", "stsb", 4, 100, 7e-6),
        ("electra-large", "cola", 3, 0.1, 2e-5),
        ("electra-large", "rte", 10, 0.1, 2e-5),
        ("electra-large", "stsb", 10, 0.1, 2e-5),
    ],
)
def test_recipes_in_epochs_are_those_of_the_tables(
    model: str, task: str, epochs: float, warmup: Any, lr: float
) -> None:
    recipe = of(model, task)
    found = recipe.warmup_ratio if recipe.warmup_steps is None else recipe.warmup_steps
    assert (recipe.epochs, found, recipe.batch_size, recipe.lr) == (epochs, warmup, 32, lr)


@pytest.mark.parametrize(
    ("other", "tabled"),
    [
        ("electra-base", "electra-large"),
        ("deberta-v3-base", "deberta-large"),
        ("deberta-v3-large", "deberta-large"),
        ("bart-base", "bart-large"),
        ("xlnet-base", "xlnet-large"),
    ],
)
@pytest.mark.parametrize("task", ["cola", "rte", "stsb", "sst2"])
def test_a_model_of_another_size_takes_the_recipe_of_its_family(other: str, tabled: str, task: str) -> None:
    assert of(other, task) == of(tabled, task)


@pytest.mark.parametrize("name", ["albert-base", "distilbert-base", "modernbert-base", "modernbert-large"])
def test_what_no_table_has_takes_the_recipe_of_bert(name: str) -> None:
    assert of(name, "rte") == Recipe()


@pytest.mark.parametrize("name", models.names())
def test_layers_and_family_are_known(name: str) -> None:
    spec = models.find(name)
    assert spec.layers > 0 and spec.parameters > 0
    assert spec.family in CONFIGS or spec.family == "mt5"


def test_minilm_brings_its_own_recipe() -> None:
    assert of("minilm", "sst2") == Recipe(lr=2e-4, epochs=5)


def test_a_task_in_updates_replaces_the_epochs_of_its_model() -> None:
    own = models.recipe(models.find("roberta-large"), "cola")
    assert "warmup_ratio" not in own and own["warmup_steps"] == 320
    assert models.recipe(models.find("roberta-large"), "sst2")["warmup_ratio"] == 0.06
