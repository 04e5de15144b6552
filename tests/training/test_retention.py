"""How far the weights moved, and what is left of the language model, against numbers worked out by hand."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import torch
from torch import nn

from ftbench import methods, models
from ftbench.domain.model import ModelRef
from ftbench.models import folder as folders
from ftbench.testing.subject import Subject, bench_of
from ftbench.training import retention
from ftbench.training.pretrained import Pretrained
from tests.nn.transformers_small import head_of, inputs, small
from tests.training.conftest import Bench
from tests.training.performed import done

TINY = models.packaged("tiny")
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 20}
CPU = torch.device("cpu")


def saved(place: Path, family: str, **config: object) -> Path:
    """A folder with a language model of random weights, and the tokenizer of the embedded one."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM

    kind = AutoModelForCausalLM if family == "gpt2" else AutoModelForMaskedLM
    words = folders.config(TINY)["vocab_size"]
    torch.manual_seed(0)
    kind.from_config(AutoConfig.for_model(family, vocab_size=words, **config)).save_pretrained(place)
    for file in TINY.iterdir():
        if "token" in file.name or file.name == "vocab.txt":
            shutil.copy(file, place)
    return place


@pytest.fixture(scope="module")
def masked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield saved(tmp_path_factory.mktemp("m") / "masked", "bert", max_position_embeddings=64, **SMALL)


def pretrained(place: Path) -> Pretrained:
    return Pretrained.read(ModelRef("folder:it", folders.digest(place), str(place)), 2, CPU)


def built(start: Pretrained) -> nn.Module:
    return start.build(task="rte", head_seed=0, dropout=0.1)


def test_the_distance_is_relative_to_the_weights_of_before() -> None:
    start = small("bert")
    model, head = small("bert"), head_of("bert", start)
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.mul_(1.5 if ".layer.1." in name else 1.0)
        model.get_parameter("classifier.weight").add_(1.0)
    found = retention.moved(model, start, head)
    assert found["moved_layer_02"] == pytest.approx(0.5)
    assert found["moved_layer_01"] == found["moved_layer_03"] == found["moved_embeddings"] == 0.0
    second, whole = 0.0, 0.0
    for name, p in start.named_parameters():
        whole += float(p.detach().double().square().sum()) * (name not in head)
        second += float(p.detach().double().square().sum()) * (".layer.1." in name)
    assert found["moved"] == pytest.approx(0.5 * math.sqrt(second / whole))


@pytest.mark.parametrize(
    "name", ["lora", "peft:dora", "peft:ia3", "peft:oft", "peft:ln_tuning", "peft:pissa"]
)
def test_the_weights_that_act_give_the_logits_of_the_tuner(name: str) -> None:
    end = Subject(name, methods.find(name), {}).fit(bench_of("tiny"), steps=3, lr=1e-2)
    start = end.trainer._pretrained
    plain = built(start)
    plain.load_state_dict(retention.effective(end.model), strict=False)
    wanted, given = (model.eval()(**inputs()).logits for model in (end.model, plain))
    assert torch.allclose(wanted, given, atol=1e-4)
    found = retention.moved(end.model, start.model, start.head_names)
    assert found["moved"] > 0 and found["moved_layer_03"] > 0
    assert found["moved_embeddings"] == 0 or name == "peft:ln_tuning"
    assert any("base_layer" in n for n, _ in end.model.named_parameters())  # left as it was


@pytest.mark.parametrize("name", ["prefix", "peft:prompt_tuning"])
def test_a_prompt_moves_no_weight(name: str) -> None:
    end = Subject(name, methods.find(name), {}).fit(bench_of("tiny"), steps=2)
    found = retention.retention(end.model, end.trainer._pretrained, TINY)
    assert set(found.values()) == {0.0} and "moved" in found


def test_what_no_weights_stand_for_has_no_distance(caplog: pytest.LogCaptureFixture) -> None:
    end = Subject("peft:lily", methods.find("peft:lily"), {}).fit(bench_of("tiny"), steps=1)
    start = end.trainer._pretrained
    assert retention.moved(end.model, start.model, start.head_names) == {}
    assert "no distance" in caplog.text


def test_without_a_head_for_words_there_is_the_distance_alone() -> None:
    start = bench_of("tiny").shelf.get(bench_of("tiny").ref, 2)
    found = retention.retention(built(start), start, TINY)
    assert set(found) == {"moved", "moved_embeddings", *(f"moved_layer_0{n}" for n in (1, 2, 3))}


def test_what_did_not_move_forgot_nothing(masked: Path) -> None:
    start = pretrained(masked)
    found = retention.retention(built(start), start, masked)
    assert found["moved"] == 0.0 and found["lm_loss_after"] == found["lm_loss_before"]
    assert 0 < found["lm_loss_before"] < 2 * math.log(folders.config(masked)["vocab_size"])


def test_a_changed_body_is_scored_under_the_head_of_before(masked: Path) -> None:
    start = pretrained(masked)
    model, whole = built(start).train(), retention.lm_model(masked)
    assert whole is not None
    head = whole.get_submodule("cls.predictions.decoder")
    head.weight = nn.Parameter(head.get_parameter("weight").detach().clone())  # no longer the embeddings
    with torch.no_grad():
        for p in (*model.get_submodule("bert").parameters(), *whole.get_submodule("bert").parameters()):
            p.mul_(-3.0)
    first = {name: p.clone() for name, p in model.named_parameters()}
    found = retention.retention(model, start, masked)
    rows = list(retention._rows(start.tokenizer, False, 64))
    assert found["lm_loss_after"] == pytest.approx(retention.lm_loss(whole.eval(), rows, CPU))
    assert found["moved"] == pytest.approx(4.0) and found["lm_loss_after"] != found["lm_loss_before"]
    assert model.training and all(torch.equal(p, first[name]) for name, p in model.named_parameters())


def test_a_decoder_is_scored_on_the_next_word(tmp_path: Path) -> None:
    shape = {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "pad_token_id": 0}
    place = saved(tmp_path / "gpt", "gpt2", bos_token_id=2, eos_token_id=3, **shape)
    start = pretrained(place)
    found = retention.retention(built(start), start, place)
    assert found["lm_loss_after"] == found["lm_loss_before"]


def test_the_loss_is_the_mean_over_all_words_that_are_asked_for() -> None:
    class Words(nn.Module):
        """Gives word 1 three times the probability of each other one, whatever it reads."""

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> object:
            scores = torch.zeros(*input_ids.shape, 5)
            scores[..., 1] = math.log(3.0)
            return type("Out", (), {"logits": scores})()

    rows = [([4, 4], [1, -100]), ([4, 4, 4], [-100, 2, 1])]
    wanted = (2 * math.log(7 / 3) + math.log(7)) / 3
    assert retention.lm_loss(Words(), rows, CPU) == pytest.approx(wanted, abs=1e-6)


def test_every_sixth_word_of_the_whole_text_is_masked() -> None:
    tokenizer = bench_of("tiny").shelf.get(bench_of("tiny").ref, 2).tokenizer
    rows = list(retention._rows(tokenizer, False, 64))
    special = set(tokenizer.all_special_ids)
    asked = [w != -100 for _, wanted in rows for w in wanted]
    plain = [t for text in retention.sentences() for t in tokenizer(text)["input_ids"]]
    numbers = [at for at, token in enumerate(plain) if token not in special]
    assert [at for at, is_asked in enumerate(asked) if is_asked] == numbers[5::6]
    given = [g for ids, wanted in rows for g, w in zip(ids, wanted, strict=True) if w != -100]
    assert set(given) == {tokenizer.mask_token_id} and len(rows) == 200


def test_a_job_sends_it_as_scores_of_their_own(bench: Bench) -> None:
    plain = bench.job("vanilla", steps=2)
    sent = done(replace(plain, evaluation=("dev", "retention")))
    found = {v["metric"]: v["value"] for v in sent.of("score") if v["evaluation"] == "retention"}
    assert 0 < found["moved"] < 0.1 and len(found) == 5
    assert [v["evaluation"] for v in sent.of("predictions")] == ["dev"]
    first = {v["metric"]: v["value"] for v in done(plain).of("score") if v["evaluation"] == "dev"}
    assert first == {v["metric"]: v["value"] for v in sent.of("score") if v["evaluation"] == "dev"}


def test_a_job_of_a_tuner_names_the_version_of_its_library(bench: Bench) -> None:
    (facts,) = done(bench.job("peft:ia3", steps=1)).of("provenance")
    assert facts["values"]["library"] == f"peft {metadata.version('peft')}"
    (facts,) = done(bench.job("lora", steps=1)).of("provenance")
    assert "library" not in facts["values"]
