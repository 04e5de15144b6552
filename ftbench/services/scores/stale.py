"""Which scores come from another state of their method's code than the one that is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ftbench import methods
from ftbench.db import CellRow
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.methods import source_digest


def note(
    cells: Iterable[CellRow], codes: Mapping[str, str], plugins: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """A line that counts, method by method, the scores of other code; none where there are none.

    A method that is not installed here, or of which a job says nothing, is not judged.

    Args:
        cells: the jobs that are shown.
        codes: job -> the digest of its method's code.
        plugins: method -> the files that it may come from.
    """
    done = [cell for cell in cells if cell.state == State.DONE and codes.get(cell.digest)]
    now = {name: _installed(name, plugins.get(name, ())) for name in dict.fromkeys(c.method for c in done)}
    of = Counter(cell.method for cell in done)
    older = Counter(c.method for c in done if now[c.method] and codes[c.digest] != now[c.method])
    if not older:
        return ()
    listed = ", ".join(f"{name} {count} of {of[name]}" for name, count in sorted(older.items()))
    return (f"Trained with another state of the method's code than the one installed: {listed} jobs.",)


def _installed(name: str, files: Sequence[str]) -> str:
    try:
        return source_digest(methods.find(name, files))
    except FtbenchError:
        return ""
