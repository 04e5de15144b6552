"""Cards are made of the files that a user has just named, and of nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ftbench.domain.cards import CARDS, card_of_method
from ftbench.errors import PluginError
from ftbench.services.planning.queue import make_plan
from tests.asked import queue_request
from tests.perturbations.mine import MINE

METHOD = """
from dataclasses import dataclass
from ftbench import Method, hparam

class Mine(Method):
    title = "My way"

    @dataclass(frozen=True)
    class HParams:
        k: int = hparam(2, range=(1, 9), help="k")

    @classmethod
    def recipe_defaults(cls, variant="paper"):
        return {"lr": 1e-3} if variant == "paper" else {}

    def note_for(self, task):
        return f"k is {self.hparams.k}" if task.name == "toy-sim" else None

    def passes(self, task, epochs):
        return 2.0
"""


def test_jobs_of_a_file_carry_what_it_says_of_itself(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(METHOD)
    file = tmp_path / "mine.py"
    asked = queue_request(methods=f"{file}[k=3]", tasks="toy-sim,toy-accept", models="tiny", seeds="1")
    jobs = {(p.job.method, p.job.task): json.loads(json.dumps(p.places)) for p in make_plan(asked).jobs}
    assert CARDS not in jobs["vanilla", "toy-sim"]
    card = card_of_method(jobs["mine", "toy-sim"])
    assert card is not None and (card.title, card.note, card.passes) == ("My way", "k is 3", 2.0)
    assert card.defaults == {"k": 2} and card.recipes == ({"lr": 0.001}, {})
    other = card_of_method(jobs["mine", "toy-accept"])
    assert other is not None and other.note == ""


def test_a_file_of_changes_leaves_its_card_too(tmp_path: Path) -> None:
    (tmp_path / "change.py").write_text(MINE + "    title = 'My change'\n")
    asked = queue_request(
        perturb=[f"{tmp_path / 'change.py'}:mine=0.5"], tasks="toy-accept", models="tiny", seeds="1"
    )
    (planned,) = make_plan(asked).jobs
    assert planned.places[CARDS]["perturbations"]["mine"]["title"] == "My change"


def test_a_file_that_fails_to_speak_of_itself_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(METHOD.replace("return 2.0", "raise ValueError('a\\nb')"))
    with pytest.raises(PluginError, match="mine.py: what mine says of itself fails: ValueError: a b$"):
        make_plan(queue_request(methods=str(tmp_path / "mine.py"), tasks="toy-accept", models="tiny"))
