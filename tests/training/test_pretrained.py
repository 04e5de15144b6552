"""Pretrained models: fresh copies, new layers, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ftbench import models
from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.models import folder
from ftbench.training.pretrained import Pretrained, Shelf, head_digest, init_new
from tests.nn.transformers_small import small
from tests.training.conftest import Bench

CPU = torch.device("cpu")


def test_each_job_gets_a_copy_of_its_own_with_its_dropout(bench: Bench) -> None:
    shelf = bench.shelf.get(bench.ref, 2)
    one, two = (shelf.build(task="rte", head_seed=0, dropout=rate) for rate in (0.1, 0.3))
    assert {m.p for m in one.modules() if isinstance(m, nn.Dropout)} == {0.1}
    assert {m.p for m in two.modules() if isinstance(m, nn.Dropout)} == {0.3}
    with torch.no_grad():
        for p in one.parameters():
            p.add_(1.0)
    again = shelf.build(task="rte", head_seed=0, dropout=0.1)
    assert all(torch.equal(a, b) for a, b in zip(two.parameters(), again.parameters(), strict=True))


def test_new_layers_alone_follow_the_seed(bench: Bench) -> None:
    shelf = bench.shelf.get(bench.ref, 2)
    base = dict(shelf.build(task="rte", head_seed=0, dropout=0.1).named_parameters())
    for task, seed in (("rte", 1), ("cola", 0)):
        model = shelf.build(task=task, head_seed=seed, dropout=0.1)
        changed = {n for n, p in model.named_parameters() if not torch.equal(p, base[n])}
        assert changed == {n for n in shelf.head_names if n.endswith("weight")}
        assert head_digest(dict(model.named_parameters())) != head_digest(base)
        assert head_digest({"a": base["classifier.weight"]}) != head_digest({"b": base["classifier.weight"]})
    assert "classifier.weight" in shelf.head_names
    assert all(n.startswith(("classifier.", "bert.pooler.")) for n in shelf.head_names)


def test_building_moves_no_other_stream(bench: Bench) -> None:
    state = torch.get_rng_state()
    Pretrained.read(bench.ref, 2, CPU).build(task="rte", head_seed=0, dropout=0.1)
    assert torch.equal(state, torch.get_rng_state())


def test_two_new_layers_of_one_shape_are_drawn_apart() -> None:
    a, b = nn.Linear(4, 4), nn.Linear(4, 4)
    for seed, layer in enumerate((a, b)):
        init_new(layer.weight, layer, 0.02, seed)
        init_new(layer.bias, layer, 0.02, seed)
    assert not torch.equal(a.weight, b.weight) and (a.bias == 0).all()


def test_a_new_normalisation_begins_as_the_identity() -> None:
    norm = nn.LayerNorm(4)
    for p in norm.parameters():
        p.data.fill_(7.0)
        init_new(p, norm, 0.02, 0)
    assert (norm.weight == 1).all() and (norm.bias == 0).all()


def test_new_matrices_are_normal_with_the_models_deviation() -> None:
    layer = nn.Linear(100, 100)
    init_new(layer.weight, layer, 0.05, 3)
    assert abs(layer.weight.std().item() - 0.05) < 0.002 and abs(layer.weight.mean().item()) < 0.002


@pytest.mark.parametrize("kind", ["roberta", "electra", "distilbert"])
def test_the_head_of_a_checkpoint_without_one_is_found(kind: str, tmp_path: Path, bench: Bench) -> None:
    encoder = small(kind, vocab_size=591).base_model
    encoder.save_pretrained(tmp_path)
    bench.shelf.get(bench.ref, 2).tokenizer.save_pretrained(tmp_path)
    made = Pretrained.read(models.resolve(str(tmp_path))[1], 3, CPU)
    model = made.build(task="mnli", head_seed=0, dropout=0.1)
    inside = {n for n, _ in model.base_model.named_parameters(prefix=model.base_model_prefix)}
    assert made.head_names == {n for n, _ in model.named_parameters()} - inside and made.head_names
    assert made.commit == "" and model.config.num_labels == 3


def test_kept_models_are_few_and_are_given_again(bench: Bench) -> None:
    shelf = Shelf(CPU, room=1)
    two = shelf.get(bench.ref, 2)
    assert shelf.get(bench.ref, 2) is two
    one = shelf.get(bench.ref, 1)
    assert len(shelf._kept) == 1 and shelf.get(bench.ref, 1) is one and shelf.get(bench.ref, 2) is not two


@pytest.mark.parametrize(
    ("name", "content"),
    [("config.json", b'{"model_type": "nothing of ours"}'), ("tokenizer.json", b"{")],
)
def test_a_damaged_model_is_an_error_in_one_line(
    tmp_path: Path, bench: Bench, name: str, content: bytes
) -> None:
    assert bench.ref.path is not None
    for file in Path(bench.ref.path).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match="model 'folder:x' cannot be read: ") as error:
        Pretrained.read(ModelRef("folder:x", folder.digest(tmp_path), str(tmp_path)), 2, CPU)
    assert "\n" not in str(error.value)
