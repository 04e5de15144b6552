"""Every built-in method passes the public checks, in both variants."""

from __future__ import annotations

import pytest

from ftbench import methods
from ftbench.testing import CHECKS, check
from tests.methods.short import SHORT

#: What has no meaning for a method, and is why it does not apply.
EXEMPT = {
    "prefix": {"neutral"},
    "prompt": {"neutral"},
    "r4f": {"neutral"},
    "reinit": {"neutral"},
    "vanilla": {"differs from vanilla"},
}
#: The checks of training that look at the hyper-parameters that are given.
GIVEN = ["classification", "learns", "differs from vanilla", "resume", "accumulation"]
#: Settings beside the defaults and those published.
OTHER = [
    "bidrop[k=3,scope=global,clip_after_mask=true]",
    "hype[noise_type=uniform,eps=0.1,dropout=0]",
    "sam[adaptive=true,rho=0.5,same_masks=false]",
    "soup[members=2,selection=greedy]",
    "weight_mixup[k=1,rank=2,formula=convex,rollback=real,search_epochs=0.5,finetune_epochs=0.5]",
]
NAMES = [entry.name for entry in methods.available()]
FAST = [name for name in CHECKS if name not in ("overhead", "light import")]


def outcomes(name: str, variant: str, checks: list[str]) -> dict[str, tuple[bool | None, str]]:
    given = ",".join(part for part in (f"variant={variant}", SHORT.get(name)) if part)
    return {found.check: (found.passed, found.note) for found in check(f"{name}[{given}]", only=checks)}


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_method_keeps_what_ftbench_relies_on(name: str) -> None:
    found = outcomes(name, "paper", FAST)
    assert {k: v for k, v in found.items() if v[0] is False} == {}
    assert {k for k, v in found.items() if v[0] is None} == EXEMPT.get(name, set())


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if methods.find(n).published])
def test_so_does_what_the_authors_released(name: str) -> None:
    found = outcomes(name, "published", GIVEN)
    assert {k: v for k, v in found.items() if v[0] is not True} == {}


@pytest.mark.slow
@pytest.mark.parametrize("text", OTHER)
def test_so_do_settings_that_nobody_has_by_default(text: str) -> None:
    found = [(o.check, o.note) for o in check(text, only=[*GIVEN, "neutral", "draws"]) if o.passed is False]
    assert found == []
