"""Methods as users write them pass every check, and each way of breaking one is told by the check for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.testing import CHECKS, check
from tests.testing.breakings import BREAKINGS

OWN = Path(__file__).parent / "own"
#: What takes a process or a measurement, and is tested beside these.
SLOW = ("overhead",)


@pytest.mark.parametrize("name", ["neftune", "lookahead", "masked"])
def test_a_method_written_from_the_documentation_passes(name: str) -> None:
    found = list(check(str(OWN / f"{name}.py"), only=[n for n in CHECKS if n not in SLOW]))
    assert [(o.check, o.note) for o in found if o.passed is not True] == []


@pytest.mark.parametrize("name", BREAKINGS)
def test_a_broken_method_is_told_by_the_check_for_it(tmp_path: Path, name: str) -> None:
    broken = BREAKINGS[name]
    right = (OWN / f"{broken.method}.py").read_text(encoding="utf-8")
    assert right.count(broken.before) >= 1
    path = tmp_path / f"{broken.method}.py"
    path.write_text(right.replace(broken.before, broken.after, 1), encoding="utf-8")
    (found,) = check(str(path), only=[broken.check])
    assert found.passed is False, found.note
    assert broken.said in found.note


def test_each_check_that_a_method_can_fail_is_failed() -> None:
    assert len(BREAKINGS) >= 26
    assert set(CHECKS) - {b.check for b in BREAKINGS.values()} <= {
        "card",
        "regression",
        "several labels",
        "overhead",
    }
