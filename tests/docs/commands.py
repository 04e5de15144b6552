"""Commands as they are shown, read by the command line without being run."""

from __future__ import annotations

from typing import Any


def parse(root: Any, words: list[str]) -> None:
    """Have the command line read words as it would be called with them, and not run the command.

    Args:
        root: the application's parser, of a class that typer keeps to itself.
        words: what stands behind `ftbench`.

    Raises:
        Exception: of such a class: a command, option or argument that it has not.
    """
    command = root
    if words in (["--install-completion"], ["--show-completion"], ["--version"]):
        return
    while hasattr(command, "commands"):
        if not words or words[0] not in command.commands:
            raise LookupError(f"no command '{' '.join(words[:1])}'")
        command = command.commands[words.pop(0)]
    if words not in (["-h"], ["--help"]):
        command.make_context(command.name, words)
