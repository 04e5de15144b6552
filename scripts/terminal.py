"""A terminal as an SVG: what a command prints to one, in its colours, with nothing from outside."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from html import escape
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

#: Pixels: a character's advance and a line's height at this size of the type, and the border.
WIDTH, HEIGHT, SIZE, BORDER = 7.25, 17.0, 12, 16
BACKGROUND, FOREGROUND, FAINT, PROMPT = "#14171c", "#d8dee9", "#8a94a6", "#7fd1a8"
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
#: What is drawn as one piece: words with one blank between them, as more would be drawn as one.
WORDS = re.compile(r"\S+(?: \S+)*")


def printed(command: list[str], folder: Path, columns: int) -> list[str]:
    """What a command prints to a terminal of so many columns, line by line, with its codes.

    Raises:
        SystemExit: the command fails.
    """
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    env.pop("NO_COLOR", None)
    running = subprocess.Popen(command, cwd=folder, stdout=there, stderr=there, stdin=there, env=env)
    os.close(there)
    told = b""
    while True:
        try:
            chunk = os.read(here, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        told += chunk
    os.close(here)
    text = told.decode().replace("\r\n", "\n")
    if running.wait():
        sys.exit(f"{' '.join(command)}: {text.strip()}")
    return text.rstrip("\n").split("\n")


def picture(command: str, lines: list[str], columns: int, most: int) -> str:
    """A terminal with a command and what it printed.

    Args:
        command: as it was typed.
        lines: what it printed, with its codes.
        columns: of the terminal.
        most: lines that are shown of it; where there are more, the last one is an ellipsis.
    """
    if len(lines) > most:
        lines = [*lines[: most - 1], "…"]
    console = Console(width=columns, color_system="truecolor", force_terminal=True)
    rows = [_prompt(command)]
    rows += [_line(Text.from_ansi(line), console) for line in lines]
    longest = max(len(command) + 2, *(len(Text.from_ansi(line).plain) for line in lines))
    width, height = 2 * BORDER + longest * WIDTH, 2 * BORDER + len(rows) * HEIGHT
    texts = [
        f'<text y="{BORDER + (at + 0.75) * HEIGHT:g}">{row}</text>' for at, row in enumerate(rows) if row
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<title>{escape(command)}</title>",
            f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
            f'<g font-family="{FONT}" font-size="{SIZE}" fill="{FOREGROUND}">',
            *texts,
            "</g>",
            "</svg>\n",
        ]
    )


def _prompt(command: str) -> str:
    return _span("$", 0, f'fill="{PROMPT}"') + _span(command, 2, 'font-weight="bold"')


def _line(text: Text, console: Console) -> str:
    """The pieces of a line, each where its first character stands."""
    pieces, at = [], 0
    for segment in text.render(console, end=""):
        for found in WORDS.finditer(segment.text):
            pieces.append(_span(found[0], at + found.start(), _attributes(segment.style)))
        at += len(segment.text)
    return "".join(pieces)


def _span(text: str, at: int, attributes: str = "") -> str:
    """A piece, as wide as its characters are in any font."""
    length = f' textLength="{len(text) * WIDTH:g}"' if len(text) > 1 else ""
    start = f'x="{BORDER + at * WIDTH:g}"'
    return f"<tspan {start}{length} {attributes}".rstrip() + f">{escape(text, quote=False)}</tspan>"


def _attributes(style: Style | None) -> str:
    if style is None:
        return ""
    found = []
    if style.bold:
        found.append('font-weight="bold"')
    if style.italic:
        found.append('font-style="italic"')
    if style.color is not None and not style.color.is_default:
        found.append(f'fill="{style.color.get_truecolor().hex}"')
    elif style.dim:
        found.append(f'fill="{FAINT}"')
    return " ".join(found)
