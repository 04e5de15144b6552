"""States of code that count as one: each leads to the code of a method as it is installed."""

from __future__ import annotations

from ftbench.methods import available, same_code, source_digest
from ftbench.methods._same import SAME


def test_every_state_leads_to_the_code_of_a_method_of_today() -> None:
    today = {source_digest(entry.cls) for entry in available() if entry.cls is not None}
    astray = {digest for digest in SAME if same_code(digest) not in today}
    assert not astray, "the method has changed since: add the step to today's code, or take the line out"


def test_other_code_stands_for_itself() -> None:
    assert same_code("2:0000000000000000") == "2:0000000000000000"
