"""Tuners of peft as methods: their names, hyper-parameters, identity, and what is refused when queueing."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from importlib import metadata

import pytest
import torch

from ftbench import methods, models, tasks
from ftbench.domain import axes, hparams, job
from ftbench.domain.model import ModelSpec
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.methods import _peft_fields, _peft_tables, _registry, _source, source_digest
from ftbench.services.planning.lookup import grid_method
from ftbench.testing.subject import Subject, bench_of

VERSION = metadata.version("peft")
TINY = models.resolve("tiny")[0]
TASK = tasks.find("toy-accept")


def reason(text: str, model: ModelSpec = TINY) -> str | None:
    (choice,) = axes.methods(text)
    cls = methods.find(choice.name)
    return cls(cls.resolve(choice.given)).unsupported(model, TASK)


def test_every_field_has_the_default_of_pefts_own_class() -> None:
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING as configurations

    names = _peft_fields.tuner_names()
    assert {name.upper() for name in names} == {str(kind.value) for kind in configurations}
    for name in names:
        own = {f.name: f.default for f in dataclasses.fields(configurations[name.upper()])}
        for field in _peft_fields.tuner(name).fields:
            if own[field.name] is not dataclasses.MISSING:
                assert own[field.name] == field.default, (name, field.name)
        assert {"r", "target_modules"} & {f.name for f in _peft_fields.tuner("lora").fields}


@pytest.mark.parametrize(
    ("name", "field", "kinds"),
    [
        ("lora", "r", {int}),
        ("lora", "init_lora_weights", {bool, str}),
        ("lora", "layers_to_transform", {int, str, type(None)}),
        ("osf", "effective_rank", {int, float, type(None)}),
        ("road", "variant", {str}),
    ],
)
def test_a_field_has_the_types_of_its_annotation(name: str, field: str, kinds: set[type]) -> None:
    (found,) = [f for f in _peft_fields.tuner(name).fields if f.name == field]
    assert set(found.kinds) == kinds


def test_words_of_a_literal_are_choices_and_others_are_refused() -> None:
    with pytest.raises(UnknownName, match="value of peft:deft decomposition_method 'qrr'; did you mean 'qr'"):
        methods.find("peft:deft").resolve({"decomposition_method": "qrr"})


def test_a_name_in_any_case_and_without_its_beginning_leads_to_the_tuner() -> None:
    assert methods.find("PEFT:DoRA") is methods.find("peft:dora")
    assert methods.canonical("PEFT:DoRA") == "peft:dora"
    with pytest.raises(UnknownName, match="unknown method 'peft:dorra'; did you mean 'peft:dora'"):
        methods.find("peft:dorra")
    with pytest.raises(UnknownName, match="unknown method 'dora'; did you mean 'peft:dora'"):
        methods.find("dora")


def test_the_papers_own_methods_stay_what_they_are() -> None:
    assert [methods.find(name).name() for name in ("lora", "prefix", "prompt")] == [
        "lora",
        "prefix",
        "prompt",
    ]
    assert methods.find("lora").library == ""


def test_an_unknown_hyper_parameter_gets_the_nearest() -> None:
    with pytest.raises(
        UnknownName, match="hyper-parameter of peft:dora 'lora_alfa'; did you mean 'lora_alpha'"
    ):
        methods.find("peft:dora").resolve({"lora_alfa": "8"})


def test_a_grid_and_a_list_do_not_clash() -> None:
    found = [grid_method(c, "paper") for c in axes.methods("peft:lora[target_modules=query|query+value]")]
    assert [m.hparams["target_modules"] for m in found] == ["query", "query+value"]
    assert [m.label for m in found] == [
        "peft:lora[target_modules=query]",
        "peft:lora[target_modules=query+value]",
    ]


def test_every_hyper_parameter_is_in_the_identity_and_is_read_back() -> None:
    cls = methods.find("peft:dora")
    found = grid_method(axes.methods("peft:dora[r=4]")[0], "paper")
    assert found.name == "peft:dora" and found.label == "peft:dora[r=4]"
    assert set(found.hparams) == {f.name for f in dataclasses.fields(cls.HParams)}
    assert hparams.parse(cls.HParams, dict(found.hparams)) == cls.resolve({"r": 4})
    assert job.label("peft:dora", found.hparams, cls.defaults()) == "peft:dora[r=4]"


def test_a_configuration_has_one_name() -> None:
    with pytest.raises(BadValue, match="peft:lora: use_dora=true is peft:dora"):
        methods.find("peft:lora").resolve({"use_dora": "true"})
    with pytest.raises(BadValue, match="peft:rslora: use_dora=true is peft:dora"):
        methods.find("peft:rslora").resolve({"use_dora": "true"})
    with pytest.raises(BadValue, match="init_lora_weights=pissa is peft:pissa"):
        methods.find("peft:lora").resolve({"init_lora_weights": "pissa"})
    both = methods.find("peft:dora").resolve({"use_rslora": "true", "init_lora_weights": "pissa"})
    assert hparams.as_dict(both)["use_rslora"] is True


def test_road_has_a_hyper_parameter_called_variant() -> None:
    cls = methods.find("peft:road")
    assert hparams.as_dict(cls.resolve({"variant": "road_2"}, "published"))["variant"] == "road_2"
    assert cls.resolve({}, "published") == cls.resolve()


def test_cards_name_the_papers_that_peft_names() -> None:
    assert methods.find("peft:lora").paper == "arXiv:2106.09685"
    assert methods.find("peft:dora").paper == "arXiv:2402.09353"
    assert methods.find("peft:rslora").paper == "arXiv:2312.03732"
    titles = [methods.find(name).title for name in methods.tuners()]
    assert len(set(titles)) == len(titles)


def test_cards_are_read_without_torch() -> None:
    code = (
        "import sys; from ftbench import methods; methods.find('peft:dora').resolve({'r': '4'}); "
        "methods.source_digest(methods.find('peft:dora')); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_the_version_of_peft_is_a_part_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    cls, old = methods.find("peft:ia3"), source_digest(methods.find("lora"))
    now = source_digest(cls)
    monkeypatch.setattr(metadata, "version", lambda name: "0.0.1")
    monkeypatch.setattr(_source, "_DIGESTS", {})  # as another process would begin
    assert source_digest(cls) != now and source_digest(cls).startswith("2:")
    assert source_digest(methods.find("lora")) == old


def test_without_peft_its_methods_say_so_and_no_other_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise FtbenchError("the package peft is not installed here: pip install peft")

    monkeypatch.setattr(_peft_fields, "version", gone)
    with pytest.raises(FtbenchError, match="pip install peft"):
        methods.find("peft:dora")
    assert methods.tuners() == ()
    with pytest.raises(UnknownName, match="unknown method 'dora'"):
        _registry.find("dora")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("peft:xlora", "it mixes LoRA adapters that were trained before"),
        ("peft:cpt", "causal language models alone"),
        ("peft:trainable_tokens", "give token_indices=ID"),
        ("peft:lora[init_lora_weights=eva]", "init_lora_weights=eva: it looks at the training rows first"),
        ("peft:vblora", f"peft {VERSION} refuses: `in_features` 96 must be divisible by `vector_length` 256"),
        ("peft:lora[target_modules=nothing]", "refuses: Target modules"),
        ("peft:lora[r=0]", "refuses: `r` should be a positive integer"),
        ("peft:vblora[vector_length=32]", None),
        ("peft:trainable_tokens[token_indices=5+6,target_modules=word_embeddings]", None),
    ],
)
def test_what_peft_does_not_take_has_its_reason_when_queueing(text: str, said: str | None) -> None:
    found = reason(text)
    assert found is None if said is None else found is not None and said in found


def test_a_model_whose_family_is_not_known_yet_is_not_refused() -> None:
    assert reason("peft:vblora", ModelSpec("owner/name", "owner/name", "", 0.0)) is None


def test_no_reason_draws_from_the_global_generator() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    methods.find("peft:hra")(methods.find("peft:hra").resolve({"r": 3})).unsupported(TINY, TASK)
    assert torch.equal(torch.rand(1), wanted)


@pytest.mark.parametrize("name", ["dora", "adalora", "ia3", "vera", "prompt_tuning", "p_tuning"])
def test_a_tuner_trains_itself_and_the_classifier_alone(name: str) -> None:
    bench, subject = bench_of("tiny"), Subject(f"peft:{name}", methods.find(f"peft:{name}"), {})
    end = subject.fit(bench, steps=3)
    start = end.trainer._pretrained.model.state_dict()
    plain = {n.replace("base_layer.", "").removeprefix("base_model."): v for n, v in end.weights.items()}
    assert {n for n, v in start.items() if not torch.equal(plain[n], v)} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_adalora_gives_and_takes_ranks_and_resumes_with_them() -> None:
    bench, cls = bench_of("tiny"), methods.find("peft:adalora")
    subject = Subject("peft:adalora", cls, {"init_r": 4, "target_r": 1, "tinit": 1, "tfinal": 1})
    end = subject.fit(bench, steps=8)
    diagonals = [value for name, value in end.weights.items() if ".lora_E." in name]
    kept = sum(int((one != 0).sum()) for one in diagonals)
    assert len(diagonals) < kept + 1 <= 4 * len(diagonals) and kept == len(diagonals)
    state = end.trainer.method.state_dict()
    assert set(state) == {"ipt", "exp_avg_ipt", "exp_avg_unc", "rank_pattern"}


def test_what_peft_refuses_at_the_start_of_a_job_is_one_line() -> None:
    subject = Subject("peft:adalora", methods.find("peft:adalora"), {"tinit": 50, "tfinal": 50})
    with pytest.raises(BadValue, match="peft:adalora: The supplied schedule"):
        subject.fit(bench_of("tiny"), steps=4)


def test_no_tuner_is_left_without_a_word() -> None:
    known = set(_peft_fields.tuner_names())
    assert set(_peft_tables.REFUSED) <= known
    assert {named.tuner for named in _peft_tables.NAMED.values()} <= known
