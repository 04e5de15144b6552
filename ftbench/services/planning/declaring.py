"""How a study is declared, where there is none: what every command about studies says."""

from __future__ import annotations

from ftbench.services.planning.commands import example

USUAL = ("tune", "--methods", "rdrop", "--tasks", "toy")


def declare_command(address: str) -> str:
    """``ftbench tune …`` as it can be typed, for a database."""
    return example(*USUAL, address=address)
