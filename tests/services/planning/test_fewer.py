"""As few commands as queue the same jobs."""

from __future__ import annotations

import pytest

from ftbench.services.planning.fewer import fewer_commands


def command(methods: str = "vanilla", tasks: str = "rte", seeds: str = "0,1", more: str = "") -> str:
    rest = f" {more}" if more else ""
    return (
        f"ftbench queue --methods {methods} --tasks {tasks} --models tiny --seeds {seeds}{rest} --no-baseline"
    )


def test_a_whole_grid_is_one_command() -> None:
    grid = [command(m, t) for m in ("vanilla", "bidrop[k=2]") for t in ("rte", "mrpc")]
    assert fewer_commands(grid) == [
        "ftbench queue --methods 'vanilla,bidrop[k=2]' --tasks rte,mrpc --models tiny "
        "--seeds 0,1 --no-baseline"
    ]


def test_cells_that_are_missing_are_not_queued() -> None:
    grid = [command("vanilla", "rte"), command("vanilla", "mrpc"), command("bidrop", "rte")]
    found = fewer_commands(grid)
    assert len(found) == 2 and not any("bidrop" in one and "mrpc" in one for one in found)


def test_seeds_come_together_whichever_way_they_are_written() -> None:
    found = fewer_commands([command(seeds="0,1,2"), command(seeds="7,")])
    assert found == [command(seeds="0,1,2,7")]


def test_values_of_one_change_come_together_and_settings_stay_apart() -> None:
    noisy = [command(more=f"--noise {value}") for value in ("0.1", "0.2")]
    assert [one.count("--noise 0.1,0.2") for one in fewer_commands(noisy)] == [1]
    assert len(fewer_commands([command(more="--set lr=1e-05"), command(more="--set lr=2e-05")])) == 2


def test_streams_that_vary_alone_stay_as_they_are() -> None:
    varied = [command(seeds="0,1", more="--vary head"), command(seeds="0,2", more="--vary head")]
    assert fewer_commands(varied) == varied


@pytest.mark.parametrize("word", ["'./my data'", "--tasks=-x"])
def test_words_that_a_shell_would_read_otherwise_stay_quoted(word: str) -> None:
    text = f"ftbench queue --methods vanilla {'--data-dir ' if word[0] != '-' else ''}{word} --no-baseline"
    assert fewer_commands([text]) == [text]
