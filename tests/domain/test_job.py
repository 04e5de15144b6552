"""Jobs: equal work has an equal digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from ftbench.domain.job import Job, label
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import Recipe

JOB = Job(
    model="bert-large",
    model_revision="main",
    task="cola",
    data_revision="sha256:0123456789abcdef",
    evaluation=("dev",),
    method="bidrop",
    hparams={"k": 2, "keep_ratio": 0.7},
    seed=3,
    perturbation=Perturbation.of({"train_size": 500, "noise": 0.1}),
    recipe=Recipe(lr=1e-5),
)


def test_the_digest_stays_what_it_is() -> None:
    """A database of an earlier version must know its jobs again: never change this number."""
    assert JOB.digest == "e6586f881c7e4c0eba2c632be88a2b76d4f286dccdb9a342cd6e68f34cdb7c63"


@pytest.mark.parametrize(
    ("spec", "digest"),
    [
        ({}, "1724d717bfa72410"),
        ({"noise": 0.1}, "8cdd025a1d56efbf"),
        ({"reduction": 0.5, "noise": 0.05, "train_size": 300}, "d697cdff5f086764"),
        ({"noise": {"value": 0.1, "kind": "pairflip"}}, "7a129c3dade901af"),
        ({"typos": {"value": 0.2, "side": "both"}, "duplicates": 1.0}, "9c4d8e52a27f32c2"),
    ],
)
def test_the_digests_of_perturbations_stay_what_they_are(spec: dict[str, Any], digest: str) -> None:
    assert replace(JOB, perturbation=Perturbation.of(spec)).digest[:16] == digest


def test_the_order_of_hyper_parameters_and_the_spelling_of_numbers_do_not_matter() -> None:
    other = replace(JOB, hparams={"keep_ratio": 0.7, "k": 2.0}, recipe=Recipe(lr=0.00001, epochs=3, clip=1))
    assert other.digest == JOB.digest


@pytest.mark.parametrize(
    "change",
    [
        {"model": "bert-base"},
        {"model_revision": "abc"},
        {"task": "rte"},
        {"data_revision": "x"},
        {"evaluation": ("dev", "test")},
        {"method": "rdrop"},
        {"hparams": {"k": 3, "keep_ratio": 0.7}},
        {"seed": 4},
        {"perturbation": Perturbation.of({"train_size": 500})},
        {"recipe": Recipe(lr=2e-5)},
        {"streams": {"order": 7}},
    ],
)
def test_everything_that_decides_the_score_is_in_the_digest(change: dict[str, Any]) -> None:
    assert replace(JOB, **change).digest != JOB.digest


def test_neutral_perturbations_are_left_out() -> None:
    assert Perturbation.of({"reduction": 0.0, "noise": -0.0}).canonical() == {}
    assert replace(JOB, perturbation=Perturbation()).canonical()["perturbation"] == {}


def test_streams_are_left_out_where_none_is_set() -> None:
    assert "streams" not in JOB.canonical()


@pytest.mark.parametrize(
    "job", [JOB, replace(JOB, streams={"head": 5}), replace(JOB, perturbation=Perturbation())]
)
def test_a_job_comes_back_whole_from_its_canonical_form(job: Job) -> None:
    again = Job.from_canonical(json.loads(json.dumps(job.canonical())))
    assert again.digest == job.digest
    assert again.canonical() == job.canonical()


@pytest.mark.parametrize(
    "job", [JOB, replace(JOB, streams={"head": 5}), replace(JOB, others={"seed": "1"}, hparams={"seed": 7})]
)
def test_the_jobs_of_a_cell_share_what_is_written_of_them(job: Job) -> None:
    for one in (job, job.with_seed(12), job.with_seed(12).with_seed(0)):
        text = json.dumps(one.canonical(), sort_keys=True, separators=(",", ":"))
        assert one.text == text
        assert one.digest == hashlib.sha256(text.encode()).hexdigest()
    other = job.with_seed(12)
    assert (other, other.digest) == (replace(job, seed=12), replace(job, seed=12).digest)
    assert other.texts is job.texts and job.seed == 3


def test_labels_name_what_departs_from_the_defaults() -> None:
    defaults = {"k": 2, "keep_ratio": 0.7}
    assert label("bidrop", {"k": 2.0, "keep_ratio": 0.7}, defaults) == "bidrop"
    assert label("bidrop", {"k": 3, "keep_ratio": 0.5}, defaults) == "bidrop[k=3,keep_ratio=0.5]"


def test_labels_are_spelled_as_they_are_typed() -> None:
    values = {"a": 1.0, "b": True, "c": None, "d": "x"}
    assert label("m", values, {"c": 1}) == "m[a=1,b=true,c=none,d=x]"
    assert label("m", values, values) == "m"


def test_a_label_names_the_published_variant_where_that_is_shorter() -> None:
    defaults, published = {"a": 1, "b": False, "k": 0.7}, {"a": 2, "b": True, "k": 0.7}
    assert label("m", {**published}, defaults, published) == "m[variant=published]"
    assert label("m", {**published, "k": 0.5}, defaults, published) == "m[variant=published,k=0.5]"
    assert label("m", {**defaults, "a": 2}, defaults, published) == "m[a=2]"
    assert label("m", defaults, defaults, published) == "m"
    assert label("m", {"a": 2}, {"a": 1}, {"a": 2}) == "m[a=2]"  # as long: what can be seen
