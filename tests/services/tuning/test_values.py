"""What a choice sets otherwise than the default."""

from __future__ import annotations

from ftbench.services.tuning.values import departures, spelled


def test_settings_and_hyper_parameters_that_differ_are_told_and_unset_ones_not() -> None:
    found = departures(
        {"lr": 1e-3, "epochs": None, "steps": 100, "dropout": 0.0},
        {"k": 3, "p": 0.5},
        {"lr": 2e-5, "epochs": 3, "steps": None, "dropout": 0},
        {"k": 2, "p": 0.5},
    )
    assert found == {"lr": 1e-3, "steps": 100, "k": 3}
    assert spelled(found) == "lr=0.001, steps=100, k=3" and spelled({}) == "the default recipe"
