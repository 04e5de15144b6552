"""What the names of a grid mean, and that each is looked for once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftbench import hub, tasks
from ftbench.domain import axes
from ftbench.domain.plan import GridMethod
from ftbench.domain.target import Target, target_choices
from ftbench.domain.task import DataRef
from ftbench.errors import DataError
from ftbench.services.planning import lookup
from ftbench.tasks import sources
from tests.places import data_folder, model_folder
from tests.tasks.layouts import mnli, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return mnli(data_folder(tmp_path / "data"))


def method(text: str, variant: str = "paper") -> GridMethod:
    (choice,) = axes.methods(text)
    return lookup.grid_method(choice, variant)


def target(text: str) -> Target:
    (choice,) = target_choices(text)
    return choice.on(tasks.find(choice.task))


def test_a_method_has_all_its_hyper_parameters_and_a_label_of_those_that_were_given() -> None:
    found = method("Bi-Drop[k=3]")
    assert (found.name, found.label, found.plugin) == ("bidrop", "bidrop[k=3]", None)
    assert (found.hparams["k"], found.hparams["keep_ratio"]) == (3, 0.7)
    assert method("bidrop").label == "bidrop"


def test_the_variant_of_the_brackets_wins_over_the_one_of_the_flag() -> None:
    flag, brackets = method("dps_dense", "published"), method("dps_dense[variant=paper]", "published")
    assert (flag.label, flag.hparams["frozen"]) == ("dps_dense[variant=published]", "drifting")
    assert (brackets.label, brackets.hparams["frozen"]) == ("dps_dense", "constant")


def test_the_recipe_that_a_method_brings_and_its_refusals_go_with_it(tmp_path: Path) -> None:
    source = (
        "from dataclasses import dataclass",
        "from ftbench.methods import Method",
        "class Own(Method):",
        "    '''Own.'''",
        "    title = 'Own'",
        "    @classmethod",
        "    def recipe_defaults(cls, variant='paper'):",
        "        return {'lr': 1e-3 if variant == 'paper' else 5e-3}",
        "    def unsupported(self, model, task):",
        "        return 'needs classes' if task.regression else None",
    )
    path = write(tmp_path / "own.py", *source)
    found = method(str(path))
    assert (found.name, found.plugin, found.recipe) == ("own", str(path), {"lr": 1e-3})
    for published in (method(f"{path}[variant=published]"), method(str(path), "published")):
        assert published.recipe == {"lr": 5e-3}
    model = lookup.Finder(None).model(str(model_folder(tmp_path / "model"))).spec
    assert found.unsupported(model, tasks.find("stsb")) == "needs classes"
    assert found.unsupported(model, tasks.find("rte")) is None


def test_a_model_is_looked_for_once_and_brings_a_recipe_task_by_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    resolve = lookup.models.resolve
    monkeypatch.setattr(lookup.models, "resolve", lambda text: asked.append(text) or resolve(text))
    folder = str(model_folder(tmp_path / "model"))
    find = lookup.Finder(None)
    found = find.model(folder)
    assert find.model(folder) is found and find.model("tiny") is not found
    assert asked == [folder, "tiny"]
    assert (found.ref.id, found.ref.path) == ("folder:model", folder)
    assert lookup.Finder(None).model("tiny").recipe("toy-accept") != {}


def test_without_a_network_what_is_not_here_is_told_at_once_and_taken_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    find = lookup.Finder(None)
    assert not find.missing
    known, other = find.model("bert-large"), find.model("someone/model")
    assert (known.unknown, other.unknown) == (False, True), "the registry knows all of one"
    assert find.task(tasks.find("cola")).data == DataRef("hub", "")
    assert find.missing.command == "ftbench prepare --models bert-large,someone/model --tasks cola"
    assert "HF_HUB_OFFLINE is set" in find.missing.words


def test_with_a_network_nothing_is_said_of_what_a_worker_will_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(hub, "files", lambda *about: ["config.json"])
    find = lookup.Finder(None)
    assert find.model("bert-large").ref.id == "bert-large"
    assert not find.missing


def test_rows_that_a_folder_does_not_have_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no CoLA/train.tsv"):
        lookup.Finder(tmp_path).task(tasks.find("cola"))


def test_a_tasks_rows_are_counted_and_read_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = sources.read

    def counted(spec: Any, name: str, where: Any) -> Any:
        read.append(name)
        return real(spec, name, where)

    monkeypatch.setattr(sources, "read", counted)
    find = lookup.Finder(data)
    found = find.task(tasks.find("cola"))
    assert (found.rows, found.spec.name) == (3, "cola") and found.data.revision.startswith("sha256:")
    assert find.task(tasks.find("cola")) is found
    assert sorted(read) == ["dev", "train"]


def test_a_broken_evaluation_file_is_told_with_its_line(data: Path) -> None:
    write(data / "CoLA/dev.tsv", "me\t0\t*\tRan we did not it.", "me\t1")
    with pytest.raises(DataError, match=r"CoLA/dev\.tsv.*2"):
        lookup.Finder(data).task(tasks.find("cola"))


def test_other_tasks_are_found_unless_the_labels_do_not_fit(data: Path) -> None:
    wanted = tuple(target(text) for text in ("cola", "mnli", "stsb", "stsb@linear"))
    find = lookup.Finder(data)
    found = find.scored_on(tasks.find("cola"), wanted)
    assert set(found.others) == {"stsb:dev@linear"}
    assert set(found.refused) == {"mnli:mnli", "stsb:dev"}
    assert found.refused["stsb:dev"] == "a model of CoLA does not predict the labels of STS-B"
    again = find.scored_on(tasks.find("mnli"), (target("stsb@linear"),))
    assert again.others["stsb:dev@linear"] is found.others["stsb:dev@linear"]
    assert find.task(tasks.find("cola")).others == {}  # as it is without other tasks
