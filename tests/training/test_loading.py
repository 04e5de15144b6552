"""Checkpoints as people bring them: what is loaded, what is drawn, and what is refused before training."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.models import folder, packaged
from ftbench.nn.dropout import has_dropout
from ftbench.training.loading import load_checkpoint
from ftbench.training.pretrained import Pretrained
from tests.nn.transformers_small import CONFIGS, small

CPU = torch.device("cpu")
Weights = dict[str, Tensor]
HEAD = {"classifier.weight", "classifier.bias"}
POOLER = {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}


def saved(place: Path, model: nn.Module, **config: Any) -> Path:
    """A model in a folder, with the tokenizer of ``tiny``; ``config`` changes what its configuration says."""
    save: Any = model
    save.save_pretrained(place)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        (place / name).write_bytes((packaged("tiny") / name).read_bytes())
    told = json.loads((place / "config.json").read_text()) | config
    (place / "config.json").write_text(json.dumps(told))
    return place


def bert(place: Path, change: Callable[[Weights], Weights] = dict, outputs: int = 2, **config: Any) -> Path:
    """A small BERT with its head; ``change`` is made to the weights in the file."""
    saved(place, small("bert", outputs, vocab_size=591), **config)
    save_file(change(load_file(place / "model.safetensors")), place / "model.safetensors")
    return place


def read(place: Path, outputs: int = 2, *, keep_head: bool = False) -> Pretrained:
    return Pretrained.read(ModelRef("folder:x", folder.digest(place), str(place)), outputs, CPU, keep_head)


def encoder(weights: Weights) -> Weights:
    """The weights of BERT without head and without the name of its encoder, as a bare encoder is saved."""
    return {n.removeprefix("bert."): value for n, value in weights.items() if n.startswith("bert.")}


def renamed(before: str) -> Callable[[Weights], Weights]:
    return lambda weights: {before + name: value for name, value in weights.items()}


@pytest.mark.parametrize("before", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.encoder_q."])
@pytest.mark.parametrize("bare", [True, False])
def test_what_a_wrapper_put_before_the_names_is_taken_off(tmp_path: Path, before: str, bare: bool) -> None:
    wanted = small("bert", vocab_size=591)
    bert(tmp_path, lambda weights: renamed(before)(encoder(weights) if bare else weights))
    loaded = load_checkpoint(tmp_path, 2)
    assert loaded.head == HEAD
    found = dict(loaded.model.named_parameters())
    for name, value in wanted.named_parameters():
        assert name in HEAD or torch.equal(found[name], value), name


def test_weights_beside_those_of_the_model_do_not_hide_the_prefix(tmp_path: Path) -> None:
    bert(tmp_path, lambda weights: {**renamed("model.")(weights), "loss.weight": torch.ones(2)})
    assert load_checkpoint(tmp_path, 2).head == HEAD


def test_pickled_weights_lose_their_prefix_too(tmp_path: Path) -> None:
    bert(tmp_path)
    weights = renamed("module.")(load_file(tmp_path / "model.safetensors"))
    torch.save(weights, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    assert load_checkpoint(tmp_path, 2).head == HEAD


def without(part: str) -> Callable[[Weights], Weights]:
    return lambda weights: {name: value for name, value in weights.items() if part not in name}


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (without("layer.1.attention.self.query.weight"), "lack 1 of the 55 tensors .*layer.1"),
        (without("word_embeddings"), "lack 1 of .*word_embeddings"),
        (without("layer.2."), "lack 16 of .*layer.2"),
        (lambda weights: {f"x{n}.{w}": weights[w] for n, w in enumerate(weights)}, "lack 5. of the 55"),
    ],
)
def test_an_encoder_that_would_be_drawn_at_random_is_refused(
    tmp_path: Path, change: Callable[[Weights], Weights], lost: str
) -> None:
    bert(tmp_path, change)
    with pytest.raises(ModelError, match=f"model 'folder:x': its weights {lost}.* drawn at random"):
        read(tmp_path)


def test_an_encoder_of_another_shape_is_refused(tmp_path: Path) -> None:
    bert(tmp_path, intermediate_size=24)
    with pytest.raises(ModelError, match=r"intermediate\.dense\.\w+ has the shape \[20.*and \[24.*config"):
        read(tmp_path)


def test_a_pooler_may_be_new_and_is_drawn(tmp_path: Path) -> None:
    made = read(bert(tmp_path, without("pooler")))
    assert made.head_names == HEAD | POOLER
    one, two = (dict(made.build(task="rte", head_seed=s, dropout=0.1).named_parameters()) for s in (0, 1))
    assert not torch.equal(one["bert.pooler.dense.weight"], two["bert.pooler.dense.weight"])


@pytest.mark.parametrize("kind", sorted(CONFIGS))
@pytest.mark.parametrize("outputs", [2, 3])
def test_a_checkpoint_with_a_head_gets_the_same_new_one_as_one_without(
    tmp_path: Path, kind: str, outputs: int
) -> None:
    plain = saved(tmp_path / "plain", small(kind, vocab_size=591).base_model)
    tuned = saved(tmp_path / "tuned", small(kind, outputs, vocab_size=591))
    new = {part: load_checkpoint(tmp_path / part, 2).head for part in ("plain", "tuned")}
    # ModernBERT's pretraining brings a part of what its bare encoder lacks.
    assert new["tuned"] == {n for n in new["plain"] if not (kind == "modernbert" and n.startswith("head."))}
    models = [read(place).build(task="rte", head_seed=3, dropout=0.1) for place in (plain, tuned)]
    first, second = (dict(model.named_parameters()) for model in models)
    assert all(torch.equal(first[name], second[name]) for name in new["tuned"])


def test_a_head_is_drawn_for_each_seed_or_kept_for_all(tmp_path: Path) -> None:
    bert(tmp_path)
    own = load_file(tmp_path / "model.safetensors")["classifier.weight"]
    for keep, same in ((False, 0), (True, 2)):
        made = read(tmp_path, keep_head=keep)
        assert made.head_names == HEAD and made.draws_head(0) is not keep
        heads = [made.build(task="rte", head_seed=s, dropout=0.1) for s in (0, 1)]
        weights = [dict(model.named_parameters())["classifier.weight"] for model in heads]
        assert sum(torch.equal(own, weight) for weight in weights) == same
        assert torch.equal(*weights) is keep


def test_a_kept_head_has_the_width_of_the_task(tmp_path: Path) -> None:
    bert(tmp_path, outputs=3)
    with pytest.raises(ModelError, match="no head of 2 outputs to keep"):
        read(tmp_path, keep_head=True)
    assert read(tmp_path, 3, keep_head=True).head_names == HEAD


@pytest.mark.parametrize(("kind", "off"), [("deberta", 1), ("deberta-v2", 1), ("bart", 1), ("bert", 0)])
def test_dropout_that_a_head_turns_off_stays_off(tmp_path: Path, kind: str, off: int) -> None:
    made = read(saved(tmp_path, small(kind, vocab_size=591)))
    model = made.build(task="rte", head_seed=0, dropout=0.3)
    rates = [m.p for m in model.modules() if hasattr(m, "p")]
    assert rates.count(0.0) == off and rates.count(0.3) == len(rates) - off and has_dropout(model)


def test_a_model_without_any_dropout_gets_that_of_the_recipe(tmp_path: Path) -> None:
    made = read(saved(tmp_path, small("modernbert", vocab_size=591)))
    rates = {m.p for m in made.build(task="rte", head_seed=0, dropout=0.3).modules() if hasattr(m, "p")}
    assert rates == {0.3}


def test_the_model_that_an_adapter_names_is_not_taken_instead(tmp_path: Path) -> None:
    (bert(tmp_path) / "adapter_config.json").write_text('{"base_model_name_or_path": "some/other"}')
    with pytest.raises(ModelError, match="has an adapter .* beside its weights"):
        read(tmp_path)


def test_code_of_a_model_is_refused_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    bert(tmp_path, model_type="own-bert", auto_map={"AutoConfig": "own.Config"})
    (tmp_path / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")
    with pytest.raises(ModelError, match="needs code of its own") as error:
        read(tmp_path)
    assert not ran.exists() and "trust_remote_code" not in str(error.value)


def test_code_of_a_tokenizer_is_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    bert(tmp_path)
    told = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(told))
    (tmp_path / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")
    with pytest.raises(ModelError, match="needs code of its own"):
        read(tmp_path)
    assert not ran.exists()


def test_a_pickle_of_more_than_tensors_is_never_trusted(tmp_path: Path) -> None:
    bert(tmp_path)
    weights: dict[str, Any] = dict(load_file(tmp_path / "model.safetensors"))
    torch.save({**weights, "where": Path("x")}, tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="more than tensors .*PosixPath.*: save the weights as safetensors"):
        read(tmp_path)


def test_a_missing_padding_token_is_one_that_the_model_has(tmp_path: Path) -> None:
    bert(tmp_path)
    told = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({**told, "pad_token": None}))
    loaded = load_checkpoint(tmp_path, 2)
    config: Any = loaded.model.config
    assert loaded.tokenizer.pad_token_id == config.pad_token_id == 0


def test_limits_are_those_of_the_embeddings(tmp_path: Path) -> None:
    limits = load_checkpoint(saved(tmp_path, small("roberta", vocab_size=591, pad_token_id=1)), 2).limits
    assert (limits.positions, limits.tokens, limits.types) == (62, 591, 2)
