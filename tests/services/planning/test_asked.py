"""What was asked for is made of values, and can be typed again."""

from __future__ import annotations

import pytest

from ftbench.services.planning.asked import Asked
from ftbench.services.planning.commands import words_of
from tests.asked import asked


def test_what_was_not_given_is_left_to_defaults() -> None:
    assert asked() == Asked() and words_of(Asked()) == []
    assert asked(methods="", tasks="") != Asked()  # given, and empty


def test_each_recipe_of_a_grid_is_asked_for_alone() -> None:
    every = asked(tasks="cola", settings=("lr=1e-4|5e-4", "epochs=3")).by_recipe()
    assert every == tuple(asked(tasks="cola", settings=(f"lr={lr}", "epochs=3")) for lr in ("1e-4", "5e-4"))
    assert asked(tasks="cola").by_recipe() == (asked(tasks="cola"),)


@pytest.mark.parametrize(
    "given",
    [
        {"methods": "bidrop[k=2|3],./mine.py[a=b]", "tasks": "glue-small,rte", "models": "a/b@v1,./model"},
        {"seeds": "10"},
        {"seeds": "7,3"},
        {"seeds": "7,"},
        {"noise": "0,0.1", "train_size": "300,full", "perturb": ("noise[kind=pairflip]=0.2", "typos=0.1")},
        {"settings": ("lr=1e-4|5e-4", "epochs=3"), "variant": "published"},
    ],
)
def test_words_of_a_command_ask_for_the_same_again(given: dict[str, object]) -> None:
    first = asked(**given)
    words = words_of(first)
    again: dict[str, object] = {"perturb": (), "settings": ()}
    for flag, text in zip(words[::2], words[1::2], strict=True):
        name = flag.removeprefix("--").replace("-", "_").replace("set", "settings")
        listed = again.get(name)
        again[name] = (*listed, text) if isinstance(listed, tuple) else text
    assert asked(**again) == first
