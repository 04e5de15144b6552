"""Random streams of all methods: they start from one head, and what varies alone varies in every run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pytest
from torch import nn

from ftbench import methods
from ftbench.domain import hparams
from ftbench.errors import FtbenchError
from ftbench.methods.base import JobTrainer, Method
from ftbench.run.run import Run
from ftbench.testing.bench import Bench
from ftbench.training import trainer as training

#: What starts from new layers of its own, and how its card says so.
OWN_HEAD: list[tuple[str, dict[str, Any]]] = [
    ("dps_dense", {"variant": "published"}),
    ("dps_dense", {"head_init": "kaiming_uniform"}),
    ("dps_mix", {"variant": "published"}),
    ("dps_mix", {"head_init": "kaiming_uniform"}),
    ("noisytune", {}),
]
OTHER_HEAD = "another head than the other methods"


def settings(cls: type[Method]) -> Iterator[dict[str, Any]]:
    """The variants, and every choice and switch of a method, one at a time."""
    yield {}
    if cls.published:
        yield {"variant": "published"}
    for spec in hparams.describe(cls.HParams):
        values: tuple[Any, ...] = spec.choices or (
            (not spec.default,) if isinstance(spec.default, bool) else ()
        )
        for value in values:
            if value != spec.default and _valid(cls, {spec.name: value}):
                yield {spec.name: value}


def _valid(cls: type[Method], given: Mapping[str, Any]) -> bool:
    try:
        cls.resolve(given)
    except FtbenchError:
        return False
    return True


ALL = [(e.name, one) for e in methods.available() for one in settings(methods.find(e.name))]
pytestmark = pytest.mark.filterwarnings("ignore:bidrop")
every_setting = pytest.mark.parametrize(("name", "given"), ALL, ids=[f"{n}{list(g.items())}" for n, g in ALL])

Found = TypeVar("Found")


class Begun(Exception):
    """The first step of a job is done."""


def once(make: Callable[..., Found]) -> Callable[..., Found]:
    """Jobs that several tests look at are done for the first one."""
    known: dict[str, Found] = {}

    @functools.wraps(make)
    def of(bench: Bench, *what: Any, **job: Any) -> Found:
        key = repr((what, {"seed": 0, "streams": {}, **job}))
        if key not in known:
            known[key] = make(bench, *what, **job)
        return known[key]

    return of


@once
def begun(bench: Bench, name: str, given: Mapping[str, Any], **job: Any) -> tuple[str, float]:
    """What a job's first run starts from: the digest of its head, and the loss of its first step."""
    trainer = bench.trainer(bench.job(name, given, dropout=0.0, **job))
    losses: list[float] = []
    step = training.train_step

    def first(*args: Any) -> None:
        losses.append(float(step(*args)))
        raise Begun

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Begun):
        patch.setattr(training, "train_step", first)
        trainer.method.fit(trainer)
    (run,) = trainer.facts["runs"].values()
    return run["head"], losses[0]


@every_setting
def test_all_methods_start_from_one_head_but_where_the_card_says_so(
    bench: Bench, name: str, given: dict[str, Any]
) -> None:
    own = begun(bench, name, given)[0] != begun(bench, "vanilla", {})[0]
    assert own == ((name, given) in OWN_HEAD)
    assert not own or OTHER_HEAD in " ".join(methods.find(name).differs)


def test_dps_dense_and_mix_start_from_one_head(bench: Bench) -> None:
    dense, mix = (begun(bench, name, {"variant": "published"})[0] for name in ("dps_dense", "dps_mix"))
    assert dense == mix


@every_setting
def test_another_head_seed_moves_every_method(bench: Bench, name: str, given: dict[str, Any]) -> None:
    one, other = (begun(bench, name, given, streams=s) for s in ({}, {"head": 1}))
    assert one[0] != other[0] and one[1] != other[1]


# -- runs inside a job --------------------------------------------------------------------------------------


class Ensemble(Method):
    """A method of a user: each member is a run with a seed of its own."""

    def fit(self, trainer: JobTrainer) -> nn.Module:
        for number in range(3):
            seed = trainer.member_seed(f"m-{number}") if number else None
            model = trainer.run(self, name=f"m-{number}", seed=seed).model
        return model


JOBS = [
    ("ensemble", {}, Ensemble),
    ("soup", {"members": 3}, None),
    ("soup", {"members": 3, "selection": "greedy"}, None),
    ("weight_mixup", {"k": 3, "search_epochs": 0.01, "finetune_epochs": 0.01}, None),
    ("lp_ft", {"probe_epochs": 0.01}, None),
]
STREAMS = ("head", "order", "dropout", "split", "method")
Seen = dict[str, dict[str, Any]]


@once
def seen(bench: Bench, name: str, given: dict[str, Any], cls: type[Method] | None, **job: Any) -> Seen:
    """By run and stream, what the run draws from: its seed, or for ``split`` the rows it trains on."""
    found: Seen = {}

    class Spied(Run):
        def __init__(self, run: str, *args: Any, **more: Any) -> None:
            super().__init__(run, *args, **more)
            rows = tuple(sorted(r for batch in self.epoch() for r in batch.rows))
            found[run] = {s: more["seeds"][s] for s in STREAMS} | {"split": rows}

    made = bench.job("vanilla" if cls else name, {} if cls else given, steps=1, train_size=800, **job)
    trainer = bench.trainer(made, cls() if cls else None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "Run", Spied)
        trainer.method.fit(trainer)
    return found


@pytest.mark.parametrize(("name", "given", "cls"), JOBS, ids=[f"{n}{list(g.values())}" for n, g, _ in JOBS])
def test_a_stream_that_varies_alone_varies_in_every_run_as_it_does_with_all(
    bench: Bench, name: str, given: dict[str, Any], cls: type[Method] | None
) -> None:
    base, whole = (seen(bench, name, given, cls, seed=s) for s in (0, 2))
    assert len(base) > 1
    for stream in STREAMS:
        alone = seen(bench, name, given, cls, streams={stream: 2})
        assert {n: run[stream] for n, run in alone.items()} == {n: run[stream] for n, run in whole.items()}
        for other in set(STREAMS) - {stream}:
            assert {n: run[other] for n, run in alone.items()} == {n: r[other] for n, r in base.items()}


def different(found: Seen, stream: str, runs: str) -> int:
    return len({run[stream] for name, run in found.items() if name.startswith(runs)})


@pytest.mark.parametrize("streams", [{}, {"head": 2}, {"order": 2}, {"split": 2}])
def test_members_draw_apart_whatever_varies(bench: Bench, streams: dict[str, int]) -> None:
    soup = seen(bench, "soup", {"members": 3}, None, streams=streams)
    assert [different(soup, s, "m") for s in ("head", "order", "dropout", "method")] == [3] * 4
    mixup = seen(bench, *JOBS[3], streams=streams)
    assert different(mixup, "split", "search") == 3 and different(mixup, "head", "search") == 1


def test_members_that_share_a_head_share_the_one_that_varies(bench: Bench) -> None:
    shared = {"members": 3, "shared_head": True}
    found = [seen(bench, "soup", shared, None, streams={"head": s}) for s in (1, 2)]
    assert [different(one, "head", "m") for one in found] == [1, 1]
    assert found[0]["member-1"]["head"] != found[1]["member-1"]["head"]
