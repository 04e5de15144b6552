"""Files of methods and perturbations that share a name: jobs carry it alone, and would be taken for one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ftbench.db import Database, JobFilter
from ftbench.domain.plan import GridMethod, Plan
from ftbench.errors import UsageError
from ftbench.perturbations import PerturbationChoice


def refuse_in_request(methods: Iterable[GridMethod], choices: Iterable[PerturbationChoice]) -> None:
    """Refuse two sources of one name in what is asked for at once.

    Raises:
        UsageError: there are such; with both.
    """
    named = [("method", method.name, method.plugin) for method in methods]
    named += [("perturbation", choice.perturber.name, choice.file) for choice in choices]
    first: dict[tuple[str, str], str | None] = {}
    for kind, name, file in named:
        other = first.setdefault((kind, name), file)
        if other != file:
            sources = " and ".join(str(source or "the built-in one") for source in (other, file))
            raise UsageError(f"two {kind}s are called '{name}': {sources}; rename one")


def refuse_in_database(database: Database, plan: Plan) -> None:
    """Refuse a file whose name another one has given to jobs, while that stands there with other content.

    A file that was moved or copied is the same one.

    Raises:
        UsageError: there is such a file; with both.
    """
    for method, file in {(p.job.method, str(f)) for p in plan.jobs for f in p.places.get("plugins") or ()}:
        rows = database.jobs.list(JobFilter(methods=(method,)))
        for other in {str(path) for row in rows for path in row.places.get("plugins") or ()} - {file}:
            if Path(other).stem == method and _differ(Path(other), Path(file)):
                told = f"another method is called '{method}' in {database.address}: {other}"
                raise UsageError(f"{told}; rename {file}")


def _differ(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() != other.read_bytes()
    except OSError:
        return False  # it is not there any more
