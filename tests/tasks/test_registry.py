from __future__ import annotations

import subprocess
import sys
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
