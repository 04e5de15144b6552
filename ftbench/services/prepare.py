"""Downloading models and data sets ahead, for machines without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from ftbench import models, tasks
from ftbench.domain.model import ModelRef
from ftbench.domain.task import TaskSpec
from ftbench.errors import DataError, FtbenchError, ModelError
from ftbench.tasks import sources


def prepare(
    model_names: Iterable[str],
    task_names: Iterable[str],
    data_dir: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Make models and data sets ready on this machine: found where they are, downloaded where they are not.

    Args:
        model_names: as ``--models`` takes them.
        task_names: as ``--tasks`` takes them.
        data_dir: a folder with data; None for the hub's cache and the hub.
        say: called with each line as soon as it is known.

    Returns:
        A line for each model and task: where it is.

    Raises:
        UnknownName: a name that nothing carries.
        ModelError: models, or models and data, could not be had; names all that is missing, in one line.
        DataError: data could not be had; likewise.
    """
    wanted = [models.resolve(name)[1] for name in model_names]
    specs = tasks.expand(task_names)
    lines: list[str] = []
    failed: list[FtbenchError] = []

    def attempt(kind: str, name: str, place: Callable[[], str]) -> None:
        try:
            line = f"{kind} {name}: {place()}"
        except FtbenchError as error:
            failed.append(error)
            line = f"{kind} {name}: missing"
        lines.append(line)
        say(line)

    for ref in wanted:
        attempt("model", ref.id, partial(_model, ref))
    for spec in specs:
        attempt("task", spec.name, partial(_task, spec, data_dir))
    if failed:
        kind = ModelError if any(isinstance(error, ModelError) for error in failed) else DataError
        raise kind(_together(failed))
    return lines


def _model(ref: ModelRef) -> str:
    return str(models.locate(ref))


def _task(spec: TaskSpec, data_dir: Path | None) -> str:
    return sources.locate(spec, data_dir).path or "comes with ftbench"


def _together(failed: list[FtbenchError]) -> str:
    """One line for several failures: the first in full, the rest by what they are about."""
    first, *rest = (str(error) for error in failed)
    if not rest:
        return first
    return f"{first} (missing too: {', '.join(text.partition(':')[0] for text in rest)})"
