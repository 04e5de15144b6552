"""Folders of decoders and T5 as people have them: each loads, or is refused in one line when it is queued."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from ftbench import models
from ftbench.domain.model import BIASES
from ftbench.errors import FtbenchError
from ftbench.models import architecture
from ftbench.nn import decoders
from ftbench.training.loading import Loaded, load_checkpoint
from tests.models.backbones import BOS, EOS, KINDS, PAD, saved, tokenizer, told
from tests.nn.transformers_small import DECODERS, T5

Change = Callable[[Path], object]
POSITIONS = dict.fromkeys(KINDS, 64) | {"roberta": 62, "t5": 0, "umt5": 0}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family, made once."""
    root = tmp_path_factory.mktemp("backbones")

    def of(kind: str) -> Path:
        place = root / kind
        return place if place.is_dir() else saved(kind, place)

    return of


@pytest.fixture(scope="module")
def loaded(folders: Callable[[str], Path]) -> Callable[[str], Loaded]:
    """A family as jobs read it, read once."""
    kept: dict[str, Loaded] = {}

    def of(kind: str) -> Loaded:
        if kind not in kept:
            kept[kind] = load_checkpoint(folders(kind), 2)
        return kept[kind]

    return of


@pytest.fixture
def copy(folders: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """A folder of a family to be changed."""
    return lambda kind: Path(shutil.copytree(folders(kind), tmp_path / kind))


def logits(model: Any, rows: list[list[int]], *, left: bool = False, more: int = 0, pad: int = PAD) -> Any:
    """The logits of rows of tokens, padded to the longest and ``more``."""
    width = max(map(len, rows)) + more
    ids, mask = [], []
    for row in rows:
        count = width - len(row)
        pads, real = [pad] * count, [1] * len(row)
        ids.append(pads + row if left else row + pads)
        mask.append([0] * count + real if left else real + [0] * count)
    given = {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}
    with torch.inference_mode():
        return model.eval()(**given).logits


ROWS = [[BOS, 9, 4, 7], [BOS, 5, 8, 6, 9, 12, 4, 10], [BOS, 11]]
#: Texts that end with the token of the end, which is the pad where there is no other.
ENDED = [[*row, EOS] for row in ROWS]


@pytest.mark.parametrize("kind", (*DECODERS, *T5))
def test_padding_and_neighbours_change_nothing(loaded: Callable[[str], Loaded], kind: str) -> None:
    model = loaded(kind).model
    alone = torch.cat([logits(model, [row]) for row in ENDED])
    assert float(alone.std(0).max()) > 1e-3  # the rows differ
    close: Any = {"rtol": 1e-4, "atol": 1e-5}
    for pad in (PAD, EOS):
        torch.testing.assert_close(logits(model, ENDED, pad=pad), alone, **close)
        torch.testing.assert_close(logits(model, ENDED, more=9, pad=pad), alone, **close)
        if kind != "gpt2":  # its positions count from the first pad: jobs have pads on the right
            torch.testing.assert_close(logits(model, ENDED, left=True, more=3, pad=pad), alone, **close)


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoder_classifies_from_the_last_real_token(loaded: Callable[[str], Loaded], kind: str) -> None:
    made = loaded(kind)
    model: Any = made.model
    for rows in (ROWS, ENDED):
        with torch.inference_mode():
            states = [model.base_model(torch.tensor([row])).last_hidden_state[0, -1] for row in rows]
            wanted = model.score(torch.stack(states))
        torch.testing.assert_close(logits(model, rows, pad=EOS), wanted, rtol=1e-4, atol=1e-5)
    assert made.tokenizer.padding_side == "right" and not model.config.use_cache
    assert made.head == made.lacking == {"score.weight"}


def test_the_last_token_is_found_with_pads_on_either_side() -> None:
    states = torch.arange(24.0).reshape(3, 4, 2)
    mask = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]])
    found = decoders.at_last(states, mask)
    assert found.shape == states.shape and found[:, 0].tolist() == [[2, 3], [14, 15], [22, 23]]
    assert (found == found[:, :1]).all()


def test_the_linear_maps_of_gpt2_are_linear_layers_that_compute_the_same(folders: Any, loaded: Any) -> None:
    from transformers import GPT2Model

    plain = GPT2Model.from_pretrained(folders("gpt2")).eval()
    model = loaded("gpt2").model
    assert decoders.transposed(plain) and not decoders.transposed(model)
    ids = torch.tensor([ROWS[1]])
    with torch.inference_mode():
        wanted, found = plain(ids).last_hidden_state, model.transformer(ids).last_hidden_state
    torch.testing.assert_close(found, wanted)
    weight = plain.h[1].mlp.c_fc.weight
    names = [name for name, _ in decoders.transposed(plain)]
    decoders.as_linear(plain)
    assert torch.equal(plain.h[1].mlp.c_fc.weight, weight.t())
    decoders.as_conv1d(plain, names)
    assert torch.equal(plain.h[1].mlp.c_fc.weight, weight) and len(decoders.transposed(plain)) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_no_more_tokens_than_there_are_positions(folders: Any, loaded: Any, kind: str) -> None:
    made, most = loaded(kind), POSITIONS[kind]
    spec, _ = models.resolve(str(folders(kind)))
    assert spec.positions == made.limits.positions == most and spec.layers == 3
    assert logits(made.model, [[5] * (most or 200)]).isfinite().all()  # one more is another matter
    assert made.limits.cut(128) == (most or 128)


@pytest.mark.parametrize("kind", (*DECODERS, *T5))
def test_what_a_family_lacks_is_known_when_it_is_queued(folders: Any, kind: str) -> None:
    spec, _ = models.resolve(str(folders(kind)))
    assert spec.lacks == (set() if kind in ("gpt2", "qwen2") else {BIASES})
    assert (spec.head, spec.family, spec.prefix) == (0, kind, "")


# -- folders as people have them --------------------------------------------------------------------------


def weights(place: Path) -> dict[str, Any]:
    return load_file(place / "model.safetensors")


def kept(place: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    save_file(change(weights(place)), place / "model.safetensors", {"format": "pt"})


def as_bin(place: Path, parts: int = 1) -> None:
    """The weights as pickles, in one file or in parts with an index."""
    whole = list(weights(place).items())
    (place / "model.safetensors").unlink()
    if parts == 1:
        torch.save(dict(whole), place / "pytorch_model.bin")
        return
    index = {}
    for number in range(parts):
        part, name = dict(whole[number::parts]), f"pytorch_model-{number}.bin"
        torch.save(part, place / name)
        index |= dict.fromkeys(part, name)
    (place / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


def sharded(place: Path) -> list[Path]:
    whole = list(weights(place).items())
    (place / "model.safetensors").unlink()
    index, files = {}, []
    for number in range(3):
        files.append(place / f"model-{number}.safetensors")
        save_file(dict(whole[number::3]), files[-1], {"format": "pt"})
        index |= dict.fromkeys((name for name, _ in whole[number::3]), files[-1].name)
    (place / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return files


def untold(place: Path) -> None:
    """No configuration of the tokenizer, nor of its special tokens: nothing says which one pads."""
    (place / "tokenizer_config.json").unlink()
    (place / "special_tokens_map.json").unlink(missing_ok=True)


def gamma(found: dict[str, Any]) -> dict[str, Any]:
    """LayerNorms as the first BERTs named them."""
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    renamed = {}
    for name, value in found.items():
        for new, before in old.items():
            name = name.replace(new, before)
        renamed[name] = value
    return renamed


LOADS: dict[str, tuple[str, Change]] = {
    "pickled": ("llama", as_bin),
    "pickled in parts": ("gpt2", lambda place: as_bin(place, 3)),
    "in parts": ("t5", sharded),
    "half precision": ("qwen2", lambda place: kept(place, lambda w: {n: t.half() for n, t in w.items()})),
    "bfloat16": ("gemma", lambda place: kept(place, lambda w: {n: t.bfloat16() for n, t in w.items()})),
    "old names of LayerNorm": ("bert", lambda place: kept(place, gamma)),
    "no padding token": ("mistral", lambda place: tokenizer(place, pad_token=None)),
    "no padding in the configuration": ("gpt2", lambda place: told(place, pad_token_id=None)),
    "a padding of -1": ("llama", lambda place: told(place, pad_token_id=-1)),
    "no special tokens at all": ("gpt2", untold),
    "no tokenizer configuration": ("llama", untold),
    "padding on the left": ("gemma3_text", lambda place: tokenizer(place, padding_side="left")),
    "several ends of text": ("llama", lambda place: told(place, eos_token_id=[2, 3])),
    "without the decoder": (
        "t5",
        lambda place: kept(place, lambda w: {n: t for n, t in w.items() if "decoder" not in n}),
    ),
    "tied under another name": (
        "t5",
        lambda place: kept(
            place, lambda w: {n.replace("shared.", "encoder.embed_tokens."): t for n, t in w.items()}
        ),
    ),
    "a bare decoder": (
        "gpt2",
        lambda place: kept(
            place, lambda w: {n.removeprefix("transformer."): t for n, t in w.items() if "lm_head" not in n}
        ),
    ),
    "a wrapped decoder": (
        "qwen3",
        lambda place: kept(place, lambda w: {f"module.{n}": t for n, t in w.items()}),
    ),
}


@pytest.mark.parametrize("case", LOADS)
def test_a_folder_loads(folders: Any, loaded: Any, copy: Any, case: str) -> None:
    kind, change = LOADS[case]
    place = copy(kind)
    change(place)
    spec, _ = models.resolve(str(place))
    made = load_checkpoint(place, 2)
    assert spec.layers == 3 and all(p.dtype == torch.float32 for p in made.model.parameters())
    found, plain = (dict(m.model.named_parameters()) for m in (made, loaded(kind)))
    tolerance = 1e-2 if case in ("half precision", "bfloat16") else 0.0
    for name in found.keys() - made.head:
        torch.testing.assert_close(found[name], plain[name], rtol=tolerance, atol=tolerance)
    pad, of_model = made.tokenizer.pad_token_id, made.model.config.pad_token_id  # type: ignore[union-attr]
    assert 0 <= pad < 40 and 0 <= of_model < 40
    encoded = made.tokenizer(["the old dog", "a cat"])
    if kind in (*DECODERS, *T5):
        assert set(encoded) == {"input_ids", "attention_mask"}
        rows = encoded["input_ids"]
        together = logits(made.model, rows, pad=pad)
        torch.testing.assert_close(together, torch.cat([logits(made.model, [row]) for row in rows]))


def lost_part(place: Path) -> None:
    sharded(place)[1].unlink()


def without_layer(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if ".2." not in name}


def tied_elsewhere(found: dict[str, Any]) -> dict[str, Any]:
    return {n.replace("model.embed_tokens.", "lm_head."): value for n, value in found.items()}


def more_tokens(place: Path) -> None:
    (place / "added_tokens.json").write_text('{"<new>": 40}')
    whole = json.loads((place / "tokenizer.json").read_text())
    whole["added_tokens"].append({"id": 40, "content": "<new>", "special": True})
    (place / "tokenizer.json").write_text(json.dumps(whole))


REFUSED: dict[str, tuple[str, Change, str]] = {
    "a lost part": ("qwen2", lost_part, "has no model-1.safetensors, a part of its weights"),
    "a lost layer": ("gpt2", lambda p: kept(p, without_layer), "says 3 layers, but the weights have 2"),
    "a lost layer of an encoder": (
        "t5",
        lambda place: kept(place, lambda w: {n: t for n, t in w.items() if "encoder.block.2" not in n}),
        "says 3 layers, but the weights have 2",
    ),
    "no words": (
        "gpt2",
        lambda place: kept(place, lambda w: {n: t for n, t in w.items() if "wte" not in n}),
        "have no word embedding, wte.weight",
    ),
    "words under the name of the other head": (
        "gemma2",
        lambda place: kept(place, tied_elsewhere),
        "no word embedding, embed_tokens.weight .lm_head.weight alone is there",
    ),
    "more tokens than words": ("llama", more_tokens, "has token 40, but the embedding ends at 39"),
    "padding beyond the words": (
        "llama",
        lambda place: told(place, pad_token_id=40),
        "pad_token_id 40, but the embedding ends at 39",
    ),
    "no tokenizer": ("t5", lambda place: (place / "tokenizer.json").unlink(), "has no tokenizer"),
    "an adapter": (
        "mistral",
        lambda place: (place / "adapter_config.json").write_text("{}"),
        "has an adapter",
    ),
    "quantised": (
        "llama",
        lambda place: told(place, quantization_config={"quant_method": "gptq"}),
        "is quantised",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_folder_is_refused_in_one_line_when_it_is_queued(copy: Any, case: str) -> None:
    kind, change, reason = REFUSED[case]
    place = copy(kind)
    change(place)
    with pytest.raises(FtbenchError, match=reason) as error:
        models.resolve(str(place))
    assert "\n" not in str(error.value) and str(place) in str(error.value)


def test_a_head_is_one_that_the_backbone_would_read(copy: Any) -> None:
    place = copy("llama")
    kept(place, lambda w: {**w, "score.weight": torch.ones(2, 16)})
    assert models.resolve(str(place))[0].head == 2
    made = load_checkpoint(place, 2)
    assert made.head == {"score.weight"} and made.lacking == frozenset()
    place = copy("t5")
    head = {"classification_head.out_proj.weight": torch.ones(2, 16)}
    kept(place, lambda w: {**w, **head})  # of T5's decoder, which is left out
    assert models.resolve(str(place))[0].head == 0
    kept(place, lambda w: {**w, "classifier.weight": torch.ones(2, 16), "classifier.bias": torch.ones(2)})
    assert models.resolve(str(place))[0].head == 2
    assert load_checkpoint(place, 2).lacking == frozenset()


def test_a_tokenizers_smaller_limit_counts(copy: Any) -> None:
    place = copy("t5")
    tokenizer(place, limit=32)
    assert models.resolve(str(place))[0].positions == 32
    (place / "tokenizer_config.json").unlink()
    assert models.resolve(str(place))[0].positions == 0


def test_the_text_part_of_a_configuration_is_what_counts() -> None:
    text = {"model_type": "gemma3_text", "max_position_embeddings": 64, "num_hidden_layers": 3}
    config = {"model_type": "gemma3", "text_config": text}
    assert architecture.positions(config) == 64 and architecture.layer_count(config) == 3
    assert architecture.of_text(config)["model_type"] == "gemma3"
