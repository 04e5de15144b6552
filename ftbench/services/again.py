"""The command that would queue a job again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ftbench import methods, models
from ftbench.domain import hparams, job
from ftbench.domain.model import ModelSpec
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.recipe import layered
from ftbench.errors import FtbenchError, UnknownName
from ftbench.perturbations import listed


def command(spec: Mapping[str, Any], places: Mapping[str, Any], seeds: Sequence[int] = ()) -> str:
    """``ftbench queue …`` for one job, or for several that differ in their seed only.

    Args:
        spec: the job's canonical form.
        places: where its model, data and plug-ins are on this machine.
        seeds: the seeds; that of ``spec`` where none are given.
    """
    model, task, method = spec["model"], spec["task"]["name"], spec["method"]
    words = ["ftbench", "queue", "--methods", _method(method, places), "--tasks", task]
    words += ["--models", _model(model, places), "--seeds"]
    streams = spec.get("streams") or {}
    words += [_seeds([spec["seed"], *streams.values()] if streams else seeds or [spec["seed"]])]
    words += ["--vary", ",".join(streams)] if streams else []
    for one in listed(Perturbation.of(spec["perturbation"])):
        words += [f"--{one.name.replace('_', '-')}", str(one.value)]
    for name, value in _settings(spec, places).items():
        words += ["--set", f"{name}={value}"]
    if places.get("data"):
        words += ["--data-dir", str(places["data"])]
    return shlex.join([*words, "--no-baseline"])


def _seeds(seeds: Sequence[int]) -> str:
    """Seeds as a flag takes them: ``7,`` is seed 7 alone."""
    return f"{seeds[0]}," if len(seeds) == 1 else ",".join(str(seed) for seed in seeds)


def _method(method: Mapping[str, Any], places: Mapping[str, Any]) -> str:
    """The method as a label, with the file it comes from in place of its name."""
    try:
        defaults = methods.find(method["name"], places.get("plugins") or ()).defaults()
    except FtbenchError:
        defaults = {}
    name = next((str(p) for p in places.get("plugins") or ()), method["name"])
    return job.label(name, method["hparams"], defaults)


def _model(model: Mapping[str, Any], places: Mapping[str, Any]) -> str:
    name, revision = str(model["id"]), str(model["revision"])
    if name.startswith("folder:"):
        return str(places.get("model") or name)
    return name if revision == "main" or revision.startswith("sha256:") else f"{name}@{revision}"


def _found(name: str) -> ModelSpec:
    """A model's entry; one that is known need not be on this machine."""
    try:
        return models.find(name.partition("@")[0])
    except UnknownName:
        return models.resolve(name)[0]


def _settings(spec: Mapping[str, Any], places: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe settings that differ from those that the model and the method bring; all where unknown."""
    brought: dict[str, Any] = {}
    try:
        model = _found(_model(spec["model"], places))
        cls = methods.find(spec["method"]["name"], places.get("plugins") or ())
        recipe = layered(models.recipe(model, spec["task"]["name"]), cls.recipe_defaults("paper"))
        brought = hparams.normalise(hparams.as_dict(recipe))
    except FtbenchError:
        pass
    wanted = {k: v for k, v in spec["recipe"].items() if v is not None}
    return {k: v for k, v in wanted.items() if k not in brought or brought[k] != v}
