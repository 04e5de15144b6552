"""Layers, names and dropout of real architectures, with random weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ftbench.nn import structure
from ftbench.nn.dropout import dropout_rate, has_dropout, set_dropout
from tests.methods.mininet import MiniNet
from tests.nn.transformers_small import CONFIGS, DECODERS, inputs, small

LAYERS = {kind: 3 for kind in CONFIGS} | {"bart": 6, "albert": 1}
#: What is in no layer: embeddings, pooler and head, by the beginning of their names.
OUTSIDE = {
    "bert": ("bert.embeddings.", "bert.pooler.", "classifier."),
    "roberta": ("roberta.embeddings.", "classifier."),
    "electra": ("electra.embeddings", "classifier."),
    "deberta": ("deberta.embeddings.", "deberta.encoder.rel_embeddings.", "pooler.", "classifier."),
    "deberta-v2": ("deberta.embeddings.", "deberta.encoder.rel_embeddings.", "pooler.", "classifier."),
    "albert": ("albert.embeddings.", "albert.encoder.embedding_hidden_mapping_in.", "albert.pooler.")
    + ("classifier.",),
    "distilbert": ("distilbert.embeddings.", "pre_classifier.", "classifier."),
    "bart": ("model.shared.", "model.encoder.embed", "model.decoder.embed", "model.encoder.layernorm_emb")
    + ("model.decoder.layernorm_emb", "classification_head."),
    "xlnet": ("transformer.mask_emb", "transformer.word_embedding.", "sequence_summary.", "logits_proj."),
    "modernbert": ("model.embeddings.", "model.final_norm.", "head.", "classifier."),
    **dict.fromkeys(DECODERS, ("model.embed_tokens.", "model.norm.", "score.")),
    "gpt2": ("transformer.wte.", "transformer.wpe.", "transformer.ln_f.", "score."),
    **dict.fromkeys(
        ("t5", "umt5"), ("transformer.shared.", "transformer.encoder.final_layer_norm.", "classifier.")
    ),
}


def names(model: nn.Module) -> set[str]:
    return {name for name, _ in model.named_parameters()}


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_layer_is_found(kind: str) -> None:
    layers = structure.encoder_layers(small(kind))
    assert len(layers) == LAYERS[kind]
    assert all("Layer" in type(layer).__name__ or "Block" in type(layer).__name__ for layer in layers)


def test_layers_come_bottom_first_and_the_encoder_before_the_decoder() -> None:
    model = small("bart")
    wanted = [*model.model.encoder.layers, *model.model.decoder.layers]
    assert [id(layer) for layer in structure.encoder_layers(model)] == [id(layer) for layer in wanted]


@pytest.mark.parametrize("kind", CONFIGS)
def test_all_but_embeddings_pooler_and_head_is_inside_the_layers(kind: str) -> None:
    model = small(kind)
    outside = names(model) - structure.layer_parameter_names(model)
    assert outside == {name for name in names(model) if name.startswith(OUTSIDE[kind])}
    assert all(any(name.startswith(start) for name in outside) for start in OUTSIDE[kind])


def test_a_single_layer_is_a_stack_too() -> None:
    model = small("bert", num_hidden_layers=1)
    assert len(structure.encoder_layers(model)) == 1
    inside = structure.layer_parameter_names(model)
    assert inside == {name for name in names(model) if ".layer.0." in name} != set()


def test_a_model_without_stacks_has_no_layers() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    assert structure.encoder_layers(model) == [] and structure.layer_parameter_names(model) == frozenset()


def test_the_network_of_the_recordings_has_two_layers() -> None:
    model = MiniNet()
    assert structure.encoder_layers(model) == list(model.bert.encoder.layer)
    assert structure.layer_parameter_names(model) == {n for n in names(model) if ".layer." in n}


def test_linear_weights_are_the_matrices_of_linear_layers() -> None:
    parts = ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]
    parts += ["intermediate.dense", "output.dense"]
    wanted = {f"bert.encoder.layer.{i}.{part}.weight" for i in range(3) for part in parts}
    assert structure.linear_weight_names(small("bert")) == wanted | {
        "bert.pooler.dense.weight",
        "classifier.weight",
    }
    assert structure.linear_weight_names(nn.Linear(2, 2)) == {"weight"}


def test_linear_weights_of_xlnet_are_also_the_projections_that_are_no_modules() -> None:
    parts = [f"rel_attn.{own}" for own in "qkvor"] + ["ff.layer_1.weight", "ff.layer_2.weight"]
    wanted = {f"transformer.layer.{i}.{part}" for i in range(3) for part in parts}
    assert structure.linear_weight_names(small("xlnet")) == wanted | {
        "sequence_summary.summary.weight",
        "logits_proj.weight",
    }


def test_linear_weights_of_modernbert_are_its_fused_matrices() -> None:
    parts = ["attn.Wqkv", "attn.Wo", "mlp.Wi", "mlp.Wo"]
    wanted = {f"model.layers.{i}.{part}.weight" for i in range(3) for part in parts}
    assert structure.linear_weight_names(small("modernbert")) == wanted | {
        "head.dense.weight",
        "classifier.weight",
    }


@pytest.mark.parametrize("kind", CONFIGS)
def test_undecayed_are_the_parameters_that_the_hugging_face_trainer_leaves_alone(kind: str) -> None:
    from transformers.trainer_pt_utils import get_parameter_names

    model = small(kind)
    patterns = [r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)", r"_norm(?:$|\.)"]
    decayed = set(get_parameter_names(model, [nn.LayerNorm], patterns))
    # T5's table of relative positions is a matrix of weights that is called a bias.
    tables = {name for name in names(model) if "relative_attention_bias" in name}
    assert structure.undecayed_names(model) == names(model) - decayed - tables


def test_undecayed_of_bert_are_the_papers() -> None:
    model = small("bert")
    wanted = {n for n in names(model) if any(part in n for part in ("bias", "LayerNorm.weight"))}
    assert structure.undecayed_names(model) == wanted
    assert structure.undecayed_names(nn.LayerNorm(3)) == {"weight", "bias"}


def test_names_under_takes_whole_parts() -> None:
    model = MiniNet()
    assert structure.names_under(model, ["classifier"]) == {"classifier.weight", "classifier.bias"}
    assert structure.names_under(model, ["bert.pooler.dense.bias"]) == {"bert.pooler.dense.bias"}
    assert structure.names_under(model, ["class", "bert.pool"]) == frozenset()


# -- dropout ----------------------------------------------------------------------------------------------


def rates_used(model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """The rates of every dropout that a forward pass makes, also of those inside attention."""
    used: list[float] = []
    plain, attention = F.dropout, F.scaled_dot_product_attention

    def dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        used.append(p if training else -1.0)
        return plain(x, p, training, inplace)

    def attend(*args: Any, dropout_p: float = 0.0, **more: Any) -> Any:
        used.append(dropout_p)
        return attention(*args, dropout_p=dropout_p, **more)

    with monkeypatch.context() as patch:
        patch.setattr(F, "dropout", dropout)
        patch.setattr(F, "scaled_dot_product_attention", attend)
        model(**inputs())
    assert len(used) >= 3
    return set(used)


def rate_settings(kind: str) -> list[str]:
    from transformers import AutoConfig

    config = AutoConfig.for_model(kind).to_dict()
    return [name for name in config if "dropout" in name]


NO_SDPA = ("deberta", "deberta-v2", "xlnet", "gemma2")
ATTENTIONS = [(kind, "eager") for kind in CONFIGS]
ATTENTIONS += [(kind, "sdpa") for kind in CONFIGS if kind not in NO_SDPA]


@pytest.mark.parametrize(("kind", "attention"), ATTENTIONS)
@pytest.mark.parametrize("before", [0.0, 0.4])
def test_one_rate_reaches_every_dropout(
    kind: str, attention: str, before: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dict.fromkeys(rate_settings(kind), before)
    model = small(kind, attn_implementation=attention, **settings)
    set_dropout(model, 0.25)
    assert rates_used(model, monkeypatch) == {0.25}
    set_dropout(model, 0.0)
    assert rates_used(model, monkeypatch) == {0.0} and not has_dropout(model)


def dropouts(model: nn.Module, monkeypatch: pytest.MonkeyPatch) -> int:
    made = 0
    plain = F.dropout

    def dropout(*args: Any, **more: Any) -> Any:
        nonlocal made
        made += 1
        return plain(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(F, "dropout", dropout)
        model(**inputs())
    return made


@pytest.mark.parametrize("kind", CONFIGS)
def test_no_dropout_is_lost_or_added_where_a_model_was_pretrained_without(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    for before in (0.0, 0.4):
        # XLNet's summary keeps no sign of a dropout that it was built without; its checkpoints have one.
        rates = [name for name in rate_settings(kind) if not name.startswith("summary")]
        model = small(kind, attn_implementation="eager", **dict.fromkeys(rates, before))
        set_dropout(model, 0.25)
        counts.append(dropouts(model, monkeypatch))
    assert counts[0] == counts[1]


def test_a_rate_for_a_while_reaches_the_dropout_that_modernbert_left_out() -> None:
    model = small("modernbert")
    with dropout_rate(model, 0.5):
        assert [layer.attn.out_drop.p for layer in model.model.layers] == [0.5] * 3
    assert not has_dropout(model)


@pytest.mark.parametrize("kind", CONFIGS)
def test_without_dropout_two_passes_agree_and_with_it_they_differ(kind: str) -> None:
    model = small(kind)
    for rate, same in ((0.0, True), (0.3, False)):
        set_dropout(model, rate)
        assert has_dropout(model) is not same
        one, two = model(**inputs()).logits, model(**inputs()).logits
        assert torch.equal(one, two) is same


def all_rates(model: nn.Module) -> list[tuple[str, str, float]]:
    found = []
    for where, module in model.named_modules():
        kept = {"p": module.p} if isinstance(module, nn.Dropout) else vars(module)
        found += [
            (where, k, v) for k, v in kept.items() if isinstance(v, float) and (k == "p" or "dropout" in k)
        ]
    return found


@pytest.mark.parametrize("kind", ["bert", "bart", "xlnet"])
def test_a_rate_for_a_while_gives_back_each_rate_that_was_there(kind: str) -> None:
    settings = {name: 0.05 * (i + 1) for i, name in enumerate(rate_settings(kind)) if "layer" not in name}
    model = small(kind, **settings)
    before = all_rates(model)
    assert len({rate for _, _, rate in before}) > 1
    with pytest.raises(KeyError), dropout_rate(model, 0.5):
        assert {rate for _, _, rate in all_rates(model)} == {0.5}
        raise KeyError  # also after an error
    assert all_rates(model) == before


def test_a_rate_that_a_configuration_writes_as_an_integer_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small("bart", dropout=0, attention_dropout=0, activation_dropout=0, classifier_dropout=0)
    with dropout_rate(model, 0.5):
        assert has_dropout(model) and rates_used(model, monkeypatch) == {0.5}
    assert not has_dropout(model) and rates_used(model, monkeypatch) == {0.0}


def test_no_other_number_is_taken_for_a_rate() -> None:
    model = small("bart", encoder_layerdrop=0.2)
    set_dropout(model, 0.3)
    assert model.model.encoder.layerdrop == 0.2
