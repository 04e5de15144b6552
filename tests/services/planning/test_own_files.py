"""How printed commands name the files of users' own methods and perturbations."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench import tasks
from ftbench.domain.task import OwnColumns
from ftbench.services.planning.own_files import OwnFiles


def test_a_file_stands_in_place_of_the_name_as_it_can_be_typed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = OwnFiles({"mine": (str(tmp_path / "methods" / "mine.py"),), "none": ()})
    assert own.method("mine") == "./methods/mine.py"
    assert own.method("mine[k=2]") == "./methods/mine.py[k=2]"
    assert own.method("none") == "none" and own.method("bidrop[k=2]") == "bidrop[k=2]"
    monkeypatch.chdir("/")
    assert own.method("mine") == f".{tmp_path / 'methods' / 'mine.py'}"
    elsewhere = OwnFiles({"mine": ("/else/mine.py",)})
    monkeypatch.chdir(tmp_path)
    assert elsewhere.method("mine") == "/else/mine.py"


def test_a_perturbation_of_a_file_is_typed_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = OwnFiles(perturbations={"shout": str(tmp_path / "p.py")})
    assert own.change("shout[loud=true]=0,0.1") == ("--perturb", "./p.py:shout[loud=true]=0,0.1")
    assert own.change("noise=0.1") == ("--noise", "0.1")


def test_files_of_jobs_stand_before_those_that_a_claim_was_declared_with() -> None:
    own = OwnFiles({"mine": ("/jobs/mine.py",), "yours": ()}, {"shout": "/jobs/p.py"})
    places = {
        "methods": {"mine": "/old/mine.py", "yours": "/old/yours.py"},
        "perturbations": {"hush": "/q.py"},
    }
    both = own.over(places)
    assert both.methods == {"mine": ("/jobs/mine.py",), "yours": ("/old/yours.py",)}
    assert both.perturbations == {"shout": "/jobs/p.py", "hush": "/q.py"}


def test_a_task_of_a_file_is_typed_with_its_place_and_unusual_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"a day {n},b{n},{n % 2}\n" for n in range(12))
    (tmp_path / "a,b.csv").write_text(f"title,body,stars\n{rows}")
    (tmp_path / "usual.csv").write_text(f"sentence1,sentence2,label\n{rows}")
    odd = tasks.of_place("./a,b.csv", OwnColumns(("title", "body"), "stars")).task
    usual = tasks.of_place("./usual.csv").task
    own = OwnFiles(tasks={odd.name: odd, usual.name: usual})
    assert own.task_flags(["cola", "usual"]) == [("--tasks", "cola,./usual.csv")]
    assert own.task_flags([odd.name]) == [
        ("--tasks", "./a\\,b.csv"),
        ("--text", "title,body"),
        ("--label", "stars"),
    ]
