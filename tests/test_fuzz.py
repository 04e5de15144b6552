"""Some of the cases of ``benchmarks/fuzz.py``, which tries many more: only our errors, in a line each."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from benchmarks._sound import Watch
from benchmarks.fuzz import SHARES, fuzz

#: How many cases take about a second; all together are 2,000.
COUNTS = {"rows": 360, "merges": 10, "events": 600, "yaml": 400, "checkpoints": 30, "filters": 600}


@pytest.mark.parametrize("kind", sorted(SHARES))
def test_nothing_from_elsewhere_is_a_bug_of_ours(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")  # imported before files are watched
    findings = fuzz(COUNTS[kind], 0, [kind], tmp_path)
    assert findings.done == {kind: COUNTS[kind]}
    assert findings.wrong == []


def test_the_watch_hears_of_files_outside(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    watch = Watch(tmp_path / "inside")
    with watch.listening():
        (tmp_path / "inside" / "a").write_text("x")
        sqlite3.connect(tmp_path / "inside" / "b.db").close()
    assert watch.opened == []
    with watch.listening():
        (tmp_path / "outside").write_text("x")
        sqlite3.connect(tmp_path / "c.db").close()
    assert len(watch.opened) == 2
    assert random.Random("a 1").random() == random.Random("a 1").random()  # a finding can be made again
