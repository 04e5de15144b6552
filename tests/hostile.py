"""Names that hold what divides lists and what shells read otherwise, and what bash makes of a command."""

from __future__ import annotations

import subprocess

NAMES = [
    "plain", "a,b", " lead", "trail ", "a b", "~x", "a\nb", "ünï-日本", "[1]", "a[k=2]", "lr=1e-4|2*?",
    "it's",    'q"q', "back\\slash", "a\\,b", "end\\", "\\", ",", "[", "]", "a@b", "#h", "$HOME", "a:b", "\t",
]  # fmt: skip


def typed(command: str) -> list[str]:
    """The words that bash makes of a command."""
    program = f"show() {{ printf '%s\\0' \"$@\"; }}; show {command}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]
