"""Which scores come from another state of their method's code than the one that is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ftbench import methods
from ftbench.db import JobSummary
from ftbench.domain.result import State
from ftbench.errors import FtbenchError
from ftbench.methods import source_digest


def note(
    cells: Iterable[JobSummary], codes: Mapping[str, str], plugins: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Lines that count, method by method, the scores of other code; none where there are none.

    A second line counts those whose digest an earlier version made, in a form that nothing installed can be
    compared with. A method that is not installed here, or of which a job says nothing, is not judged.

    Args:
        cells: the jobs that are shown.
        codes: job -> the digest of its method's code.
        plugins: method -> the files that it may come from.
    """
    done = [cell for cell in cells if cell.state == State.DONE and codes.get(cell.digest)]
    now = {name: _installed(name, plugins.get(name, ())) for name in dict.fromkeys(c.method for c in done)}
    of = Counter(cell.method for cell in done)
    judged = [(cell.method, codes[cell.digest]) for cell in done if now[cell.method]]
    unlike = Counter(name for name, code in judged if _form(code) != _form(now[name]))
    older = Counter(name for name, code in judged if code != now[name]) - unlike
    lines = (
        ("Trained with another state of the method's code than the one installed", older),
        (
            "Trained with a state of the method's code that an earlier version recorded, not comparable",
            unlike,
        ),
    )
    return tuple(f"{words}: {_listed(found, of)} jobs." for words, found in lines if found)


def _form(code: str) -> str:
    """How a digest begins, which says what it is made of."""
    return code.rpartition(":")[0]


def _listed(found: Mapping[str, int], of: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count} of {of[name]}" for name, count in sorted(found.items()))


def _installed(name: str, files: Sequence[str]) -> str:
    try:
        return source_digest(methods.of_row(name, files))
    except FtbenchError:
        return ""
