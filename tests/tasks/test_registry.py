from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from ftbench import tasks
from ftbench.errors import PluginError, UnknownName
from ftbench.tasks import registry
from tests.tasks import layouts

OWN = layouts.pairs("own-pairs")
TWO = [layouts.pairs("own-a"), layouts.pairs("own-b")]
TAKEN = layouts.pairs("cola")
NOT_A_TASK = 3
NO_TASKS: list[Any] = []
GROUP = layouts.pairs("glue-small")
OTHER_NAME = layouts.pairs("SST-2")
INTO_GLUE = replace(layouts.pairs("own-glue"), benchmark="GLUE")
BROKEN_AND_GOOD = [replace(OWN, name="own-broken", metric="f1_macro"), layouts.pairs("own-good")]
NAMED_AS_BROKEN = layouts.pairs("aaa-broken")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs entry points for the length of a test."""

    def install(**values: str) -> None:
        points = [EntryPoint(name, value, registry.ENTRY_POINTS) for name, value in values.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: points)
        registry._plugins.cache_clear()

    yield install
    registry._plugins.cache_clear()


def test_groups_stand_for_their_tasks() -> None:
    assert [t.name for t in tasks.expand(["glue-small"])] == ["cola", "mrpc", "rte", "stsb"]
    assert len(tasks.expand(["glue"])) == 8
    toys = tasks.expand(["toy"])
    assert toys and all(task.benchmark == "toy" for task in toys)


def test_each_task_comes_once_in_the_order_given() -> None:
    names = [task.name for task in tasks.expand(["rte", "glue-small", "RTE"])]
    assert names == ["rte", "cola", "mrpc", "stsb"]


@pytest.mark.parametrize(("text", "name"), [("SST-2", "sst2"), ("sts-b", "stsb"), (" CoLA ", "cola")])
def test_aliases_and_case_do_not_matter(text: str, name: str) -> None:
    assert tasks.find(text).name == name


def test_unknown_task_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="unknown task 'colla'; did you mean 'cola'"):
        tasks.find("colla")
    with pytest.raises(UnknownName, match="unknown task 'glue-smal'; did you mean 'glue-small'"):
        tasks.expand(["cola", "glue-smal"])


def test_packages_bring_tasks(plugins: Any) -> None:
    plugins(own=f"{__name__}:OWN", two=f"{__name__}:TWO")
    assert tasks.find("own-pairs") is OWN
    assert tasks.names()[-3:] == ("own-pairs", "own-a", "own-b")
    assert len(tasks.expand(["own"])) == 3


def test_broken_plugin_is_listed_and_stops_nothing(plugins: Any) -> None:
    plugins(
        gone="no_such_module_anywhere:TASK",
        number=f"{__name__}:NOT_A_TASK",
        taken=f"{__name__}:TAKEN",
        ok=f"{__name__}:OWN",
    )
    broken = {entry.name: entry.error for entry in tasks.available() if entry.spec is None}
    assert set(broken) == {"gone", "number", "taken:cola"}
    assert "no_such_module_anywhere" in broken["gone"] and all("\n" not in error for error in broken.values())
    assert tasks.find("cola").benchmark == "glue" and tasks.find("own-pairs") is OWN
    with pytest.raises(PluginError, match="task 'gone' of .* cannot be used"):
        tasks.find("gone")


def test_a_task_that_cannot_be_reported_is_refused_and_its_neighbours_are_not(plugins: Any) -> None:
    plugins(own=f"{__name__}:BROKEN_AND_GOOD")
    assert tasks.names()[-1] == "own-good" and [spec.name for spec in tasks.expand(["own"])] == ["own-good"]
    with pytest.raises(PluginError, match="task 'own-broken' of .* metric 'f1_macro' is not computed"):
        tasks.expand(["own-broken"])


@pytest.mark.parametrize(
    ("value", "name", "said"),
    [
        ("GROUP", "point:glue-small", "name 'glue-small' is taken: a group is called so"),
        ("OTHER_NAME", "point:sst-2", "name 'sst-2' is taken: another name of a task is called so"),
        ("TAKEN", "point:cola", "name 'cola' is taken: a task is called so"),
        ("INTO_GLUE", "own-glue", "benchmark 'GLUE' is ftbench's own; give it another"),
        ("NO_TASKS", "point", "gives no tasks"),
    ],
)
def test_what_ftbench_calls_its_own_stays_what_it_is(plugins: Any, value: str, name: str, said: str) -> None:
    before = tasks.groups()
    plugins(point=f"{__name__}:{value}")
    (entry,) = [entry for entry in tasks.available() if entry.source != "built in"]
    assert (entry.name, entry.spec) == (name, None) and said in entry.error
    assert tasks.groups() == before


def test_a_broken_package_does_not_hide_another_ones_task(plugins: Any) -> None:
    plugins(**{"aaa-broken": f"{__name__}:NOT_A_TASK", "later": f"{__name__}:NAMED_AS_BROKEN"})
    assert tasks.find("aaa-broken") is NAMED_AS_BROKEN


def test_tasks_and_models_are_listed_without_heavy_libraries() -> None:
    code = (
        "import sys\n"
        "from ftbench import models, tasks\n"
        "tasks.expand(['glue', 'toy']); models.resolve('bert-large')\n"
        "heavy = {'torch', 'numpy', 'pandas', 'datasets', 'transformers', 'huggingface_hub', 'sqlalchemy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
