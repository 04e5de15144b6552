"""Queue: flags become jobs, each once, or one error and nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftbench import trust
from ftbench.db import create_database, open_database
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.plan import Plan
from ftbench.domain.result import JobResult
from ftbench.errors import BadValue, DataError, ModelError, PluginError, UnknownName, UsageError
from ftbench.services.planning import lookup, queue
from ftbench.services.planning.rerun import queued_over
from tests.asked import queue_request
from tests.places import data_folder, model_folder
from tests.tasks.layouts import write

PLUGIN = '''
from dataclasses import dataclass
from ftbench.domain.hparams import hparam
from ftbench.methods import Method

class Mine(Method):
    """Mine."""
    title = "Mine"

    @dataclass(frozen=True)
    class HParams:
        """Its hyper-parameters."""
        scale: float = hparam(1.0, range=(0, 10))

    @classmethod
    def recipe_defaults(cls, variant="paper"):
        return {"lr": 1e-3, "dropout": 0.0} if variant == "paper" else {"lr": 5e-3}

    def unsupported(self, model, task):
        return "needs classes" if task.regression else None
'''


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_DATA", str(data_folder(tmp_path / "data")))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    model_folder(tmp_path / "model")
    write(tmp_path / "mine.py", PLUGIN)
    return tmp_path


def plan(**given: Any) -> Plan:
    start: dict[str, Any] = {"methods": "rdrop", "tasks": "cola", "models": "./model", "seeds": "2"}
    return queue.make_plan(queue_request(**start | given))


def labels(whole: Plan) -> list[str]:
    return list(dict.fromkeys(p.label for p in whole.jobs))


def test_vanilla_is_added_unless_told_otherwise() -> None:
    assert labels(plan()) == ["vanilla", "rdrop"]
    assert labels(plan(baseline=False)) == ["rdrop"]
    assert labels(plan(methods="rdrop,vanilla")) == ["rdrop", "vanilla"]
    assert labels(plan(methods=None)) == ["vanilla"]


def test_no_methods_at_all_is_wrong_use() -> None:
    with pytest.raises(BadValue, match="--methods"):
        plan(methods=None, baseline=False)


def test_no_tasks_is_wrong_use() -> None:
    with pytest.raises(BadValue, match="--tasks"):
        plan(tasks=None)


def test_aliases_and_spelling_give_the_same_jobs() -> None:
    canonical = plan(methods="rdrop,bidrop[k=2]", tasks="cola")
    typed = plan(methods="r_drop,Bi-Drop", tasks="CoLA")
    assert [p.digest for p in typed.jobs] == [p.digest for p in canonical.jobs]


def test_every_hyper_parameter_and_recipe_value_is_explicit() -> None:
    from ftbench.domain import hparams
    from ftbench.domain.recipe import Recipe
    from ftbench.methods import find

    spec = plan(methods="bidrop", baseline=False).jobs[0].job.canonical()
    assert set(spec["method"]["hparams"]) == {s.name for s in hparams.describe(find("bidrop").HParams)}
    # What came later is left out at its default: the digests of older jobs stay.
    assert set(spec["recipe"]) == {s.name for s in hparams.describe(Recipe)} - {"head"}
    assert spec["recipe"]["precision"] == "fp32"


def test_a_grid_of_hyper_parameters_gives_a_label_each() -> None:
    whole = plan(methods="bidrop[k=2|3,keep_ratio=0.5]", baseline=False)
    assert labels(whole) == ["bidrop[keep_ratio=0.5]", "bidrop[k=3,keep_ratio=0.5]"]


def test_settings_win_over_what_model_and_method_bring() -> None:
    job = plan(methods="./mine.py", settings=("lr=3e-5", "epochs=4"), baseline=False).jobs[0].job
    assert (job.recipe.lr, job.recipe.dropout, job.recipe.epochs) == (3e-5, 0.0, 4)
    assert plan(methods="./mine.py", baseline=False).jobs[0].job.recipe.lr == 1e-3


def test_a_grid_of_settings_is_each_of_them_queued_alone() -> None:
    """With what model and method bring to each: the same jobs, by digest."""

    def digests(*settings: str) -> list[str]:
        whole = plan(methods="./mine.py,bidrop[k=2|3]", tasks="cola,stsb", noise="0,0.1", settings=settings)
        return [p.digest for p in whole.jobs]

    grid = digests("lr=1e-4|5e-4", "epochs=2", "schedule=linear|cosine")
    alone = [
        digests(f"lr={lr}", "epochs=2", f"schedule={schedule}")
        for lr in ("1e-4", "5e-4")
        for schedule in ("linear", "cosine")
    ]
    assert len(grid) == len(set(grid)) == sum(map(len, alone))
    assert set(grid) == {digest for one in alone for digest in one}
    assert digests("lr=1e-4|0.0001") == digests("lr=1e-4")  # one number in two spellings


def test_a_grid_of_settings_runs_seed_by_seed_and_is_counted_whole() -> None:
    whole = plan(methods="./mine.py", tasks="cola,stsb", settings=("dropout=0|0.2|0.3",))
    assert [p.job.seed for p in whole.jobs] == [0] * (3 * 2 + 3) + [1] * (3 * 2 + 3)
    (cell,) = whole.left_out
    assert (cell.cell, cell.jobs) == ("mine on folder:model, stsb", 3 * 2)
    noisy = plan(tasks="cola,stsb", noise="0,0.1", settings=("dropout=0|0.2",))
    assert [c.jobs for c in noisy.left_out] == [2 * 2 * 2]  # methods, recipes, seeds


def test_streams_are_varied_under_each_recipe() -> None:
    whole = plan(seeds="4,5", vary="head", baseline=False, settings=("epochs=1|2",))
    assert [(p.job.recipe.epochs, dict(p.job.streams)) for p in whole.jobs] == [
        (1, {}),
        (2, {}),
        (1, {"head": 5}),
        (2, {"head": 5}),
    ]


def test_the_variant_reaches_the_recipe_from_flag_and_brackets() -> None:
    assert plan(methods="./mine.py", variant="published", baseline=False).jobs[0].job.recipe.lr == 5e-3
    bracket = plan(methods="./mine.py[variant=published]", baseline=False)
    assert bracket.jobs[0].job.recipe.lr == 5e-3


def test_a_method_of_the_users_own_is_named_by_its_file_and_found_again_by_its_path(places: Path) -> None:
    planned = plan(methods="./mine.py[scale=2]", baseline=False).jobs[0]
    assert (planned.job.method, planned.label) == ("mine", "mine[scale=2]")
    assert planned.places["plugins"] == [str(places / "mine.py")]
    assert str(places) not in json.dumps(planned.job.canonical())


def test_a_folder_of_weights_is_known_by_its_content(places: Path) -> None:
    first = plan().jobs[0]
    model_folder(places / "moved", "weights").rename(places / "again")
    assert first.job.model == "folder:model"
    assert first.places["model"] == str(places / "model")
    model_folder(places / "model", "other weights")
    assert plan().jobs[0].digest != first.digest


def test_toy_tasks_take_tiny_and_the_others_bert_base(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    resolve = lookup.models.resolve

    def resolved(text: str) -> Any:
        asked.append(text)
        return resolve("./model")

    monkeypatch.setattr(lookup.models, "resolve", resolved)
    plan(models=None, tasks="toy-accept,cola")
    assert asked == ["tiny", "bert-base"]


def test_stsb_is_left_out_of_noise_and_of_reduction_with_the_reason() -> None:
    whole = plan(tasks="cola,stsb", noise="0,0.1")
    assert {p.job.perturbation for p in whole.jobs if p.job.task == "stsb"} == {Perturbation()}
    (cell,) = whole.left_out
    assert cell.cell == "stsb with noise 0.1" and "regression" in cell.reason and cell.jobs == 4
    (cell,) = plan(tasks="cola,stsb", reduction="0.5").left_out
    assert cell.cell == "stsb with reduction 0.5"


def test_a_grid_of_which_nothing_is_left_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="nothing is left to queue: stsb with noise 0.1: .*regression"):
        plan(tasks="stsb", noise="0.1,0.2")


def test_what_a_method_refuses_is_left_out() -> None:
    whole = plan(methods="./mine.py", tasks="cola,stsb")
    assert [(c.cell, c.reason) for c in whole.left_out] == [("mine on folder:model, stsb", "needs classes")]


def test_noise_and_reduction_cross() -> None:
    whole = plan(noise="0,0.1", reduction="0,0.5", seeds="1,", baseline=False)
    assert [tuple(map(p.job.perturbation.value, ("reduction", "noise"))) for p in whole.jobs] == [
        (0.0, 0.0),
        (0.0, 0.1),
        (0.5, 0.0),
        (0.5, 0.1),
    ]


def test_a_suite_spans_its_grids_and_flags_win() -> None:
    whole = plan(suite="bidrop/table5", methods=None, tasks="cola", seeds="1,")
    cells = {(p.label, *map(p.job.perturbation.value, ("reduction", "noise"))) for p in whole.jobs}
    assert {seed for seed in (p.job.seed for p in whole.jobs)} == {1}
    assert len(cells) == len(whole.jobs) == 4 * (4 + 3)
    assert {c[1:] for c in cells} == {
        (0, 0),
        (0, 0.05),
        (0, 0.1),
        (0, 0.15),
        (0.5, 0),
        (0.6, 0),
        (0.7, 0),
    }


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"methods": "bidrp"}, UnknownName, "method 'bidrp'; did you mean 'bidrop'"),
        ({"methods": "bidrop[kep_ratio=1]"}, UnknownName, "did you mean 'keep_ratio'"),
        ({"methods": "bidrop[keep_ratio=1.5]"}, BadValue, "keep_ratio: 1.5 is outside"),
        ({"tasks": "coal"}, UnknownName, "did you mean 'cola'"),
        ({"models": "bert-bse"}, UnknownName, "did you mean 'bert-base'"),
        ({"suite": "bidrop/tabel5"}, UnknownName, "did you mean 'bidrop/table5'"),
        ({"settings": ("lrr=1",)}, UnknownName, "did you mean 'lr'"),
        ({"settings": ("lr=0",)}, BadValue, "lr: 0"),
        ({"settings": ("lr=1e-4|0",)}, BadValue, "lr: 0"),
        ({"settings": ("lr=1e-4|fast",)}, BadValue, "lr: 'fast' is not a value of type float"),
        ({"settings": ("schedule=cosine|linaer",)}, UnknownName, "did you mean 'linear'"),
        ({"settings": ("epochs=1|2", "steps=5")}, BadValue, "either epochs or steps, not both"),
        ({"seeds": "three"}, BadValue, "not a whole number"),
        ({"noise": "1"}, BadValue, r"noise 1 is outside \[0, 1\)"),
        ({"reduction": "-0.1"}, BadValue, r"reduction -0.1 is outside \[0, 1\)"),
        ({"variant": "code"}, BadValue, "neither paper nor published"),
        ({"models": ""}, BadValue, "--models"),
        ({"models": "./nowhere"}, ModelError, "nowhere does not exist"),
        ({"data_dir": "nowhere"}, BadValue, "nowhere does not exist"),
        ({"data_dir": "model"}, DataError, "CoLA/train.tsv"),
        ({"methods": "./nowhere.py"}, PluginError, "cannot be read"),
    ],
)
def test_what_does_not_exist_is_named(given: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text) as error:
        plan(**given)
    assert "\n" not in str(error.value)


def test_a_broken_file_of_rows_is_told_before_anything_is_queued(places: Path) -> None:
    write(places / "data/CoLA/dev.tsv", "me\t0\t*\tRan we did not it.", "me\t1")
    with pytest.raises(DataError, match=r"CoLA/dev\.tsv.*2"):
        plan()


def test_more_rows_than_there_are_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match="CoLA has 3 training rows"):
        plan(train_size="4")
    assert {p.job.perturbation.train_size for p in plan(train_size="2,full").jobs} == {2, None}


def test_queueing_twice_adds_nothing(places: Path) -> None:
    whole = plan()
    first = queue.add(whole, "jobs.db")
    assert (first.added, first.known) == (4, 0)
    again = queue.add(plan(seeds="3"), "jobs.db", priority=1)
    assert (again.added, again.known) == (2, 4)
    with open_database("jobs.db", write=False) as database:
        assert [(row.label, row.priority) for row in database.jobs.list()][-1] == ("rdrop", 1)
        assert database.jobs.list()[0].places["model"] == str(places / "model")


def test_a_new_database_gets_the_printed_numbers_with_its_first_jobs() -> None:
    queue.add(plan(), "jobs.db")
    with open_database("jobs.db", write=False) as database:
        assert database.published.count() == 1560


@pytest.mark.parametrize("priority", [1_000_001, -1_000_001])
def test_a_priority_beyond_all_bounds_is_refused(places: Path, priority: int) -> None:
    with pytest.raises(BadValue, match=f"priority {priority}: give a whole number from -1000000 to 1000000"):
        queue.add(plan(), "jobs.db", priority)
    assert not (places / "jobs.db").exists()


def test_streams_are_varied_one_at_a_time_around_the_first_seed() -> None:
    whole = plan(seeds="4,5,6", vary="head,order", baseline=False)
    assert [(p.job.seed, dict(p.job.streams)) for p in whole.jobs] == [
        (4, {}),
        (4, {"head": 5}),
        (4, {"order": 5}),
        (4, {"head": 6}),
        (4, {"order": 6}),
    ]
    with pytest.raises(UnknownName, match="unknown stream 'heads'; did you mean 'head'"):
        plan(vary="heads")
    with pytest.raises(UsageError, match="a suite varies all seeds together"):
        plan(suite="bidrop/table5", vary="head")


def test_many_jobs_look_up_the_files_that_they_share_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queue.add(plan(methods="./mine.py"), "jobs.db")
    with open_database("jobs.db") as database:
        lease = database.jobs.claim("worker", 60.0)
        assert lease is not None and database.jobs.finish(lease, JobResult())
        asked: list[str] = []
        for name in ("is_named", "once_named", "digest"):
            monkeypatch.setattr(trust, name, counted(getattr(trust, name), name, asked))
        whole = plan(methods="./mine.py", seeds="100")
        asked.clear()
        queued_over(database, whole)
        assert queue.put_jobs(database, whole).added == 196
    assert asked.count("is_named") == 1 and asked.count("once_named") <= 2 and asked.count("digest") <= 2


def test_jobs_of_which_nothing_says_where_their_rows_lay_are_queued() -> None:
    """As those that are added to a database from elsewhere, which names no folder of its machine."""
    whole = plan(seeds="2")
    theirs = [
        replace(one, job=replace(one.job, data_revision="sha256:" + "0" * 64), places={})
        for one in whole.jobs
    ]
    with create_database("jobs.db") as database:
        assert queue.put_jobs(database, replace(whole, jobs=tuple(theirs))).added == len(theirs) > 0


def counted(function: Callable[[Any], Any], name: str, calls: list[str]) -> Callable[[Any], Any]:
    """The function, whose calls are noted."""

    def noted(argument: Any) -> Any:
        calls.append(name)
        return function(argument)

    return noted


# -- scoring on other tasks -------------------------------------------------------------------------------


def test_other_tasks_are_named_with_their_sets_and_are_part_of_the_identity(places: Path) -> None:
    plain = plan(tasks="cola", baseline=False)
    more = plan(tasks="cola", evaluate="cola,stsb@linear,stsb@logistic", baseline=False)
    (job, *_) = [p.job for p in more.jobs]
    assert job.evaluation == ("dev", "stsb:dev@linear", "stsb:dev@logistic")
    assert set(job.others) == set(job.evaluation[1:]) and job.others["stsb:dev@linear"].startswith("sha256:")
    assert {p.digest for p in plain.jobs}.isdisjoint(p.digest for p in more.jobs)
    assert type(job).from_canonical(job.canonical()) == job


def test_only_the_files_of_the_scored_set_are_needed(places: Path) -> None:
    header = "sentence1\tsentence2\tgold_label"
    write(places / "data/SNLI/dev.tsv", header, "a\tb\tneutral", "a\tb\t-")
    for name in ("train", "dev_matched", "dev_mismatched"):
        write(places / f"data/MNLI/{name}.tsv", header, "a\tb\tneutral")
    (job, *_) = [p.job for p in plan(tasks="mnli", evaluate="snli").jobs]
    assert job.evaluation == ("mnli", "mnli-mm", "snli:dev")
    with pytest.raises(DataError, match="SNLI/test.tsv"):
        plan(tasks="mnli", evaluate="snli:test")


def test_labels_that_do_not_fit_are_left_out_with_the_reason() -> None:
    whole = plan(tasks="cola", evaluate="stsb")
    assert whole.jobs[0].job.evaluation == ("dev",)
    (cell,) = whole.left_out
    assert cell.cell == "cola scored on stsb:dev" and "does not predict the labels of STS-B" in cell.reason


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stsbx", "unknown task"),
        ("stsb@linea", "did you mean 'linear'"),
        ("stsb:test", "evaluation set of stsb"),
    ],
)
def test_what_cannot_be_scored_on_is_named(text: str, told: str) -> None:
    with pytest.raises(UnknownName, match=told):
        plan(evaluate=text)
