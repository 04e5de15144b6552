"""What jobs need of the hub and this machine does not have, in a line that says how to get it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ftbench import models, settings, tasks
from ftbench.db import Need
from ftbench.domain import shell
from ftbench.domain.model import ModelRef
from ftbench.errors import FtbenchError
from ftbench.tasks import hub


@dataclass(frozen=True)
class Missing:
    """What is not in the Hugging Face cache.

    Attributes:
        models: as ``--models`` takes them.
        tasks: whose rows.
        away: why the hub cannot give them now; "" where it is not known to be away.
    """

    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    away: str = ""

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.models or self.tasks)

    @property
    def command(self) -> str:
        """What downloads it."""
        words = ["ftbench", "prepare"]
        words += ["--models", ",".join(self.models)] if self.models else []
        words += ["--tasks", ",".join(self.tasks)] if self.tasks else []
        return shell.joined(words)

    @property
    def words(self) -> str:
        """What is missing, why, and what helps, in one line."""
        kind = "model" if len(self.models) == 1 else "models"
        parts = [f"{kind} {', '.join(self.models)}"] if self.models else []
        parts += [f"the rows of {', '.join(self.tasks)}"] if self.tasks else []
        verb = "is" if not self.tasks and len(self.models) == 1 else "are"
        away = f", and {self.away}" if self.away else ""
        text = f"{' and '.join(parts)} {verb} not in the Hugging Face cache{away}; `{self.command}` downloads"
        text += f" {'it' if verb == 'is' else 'them'} where there is a network"
        return text + (", or --data-dir names a folder with the rows" if self.tasks else "")


def missing_here(needs: Iterable[Need]) -> Missing:
    """What some jobs need of the hub that is not in the cache."""
    wanted, rows = dict[str, None](), dict[str, None]()
    for need in needs:
        if _lacks_model(need):
            at = "" if need.model_revision == "main" else f"@{need.model_revision}"
            wanted[f"{need.model}{at}"] = None
        if _lacks_rows(need):
            rows[need.task] = None
    away = "HF_HUB_OFFLINE is set" if settings.offline() else ""
    return Missing(tuple(wanted), tuple(rows), away)


def _lacks_model(need: Need) -> bool:
    if need.model_revision.startswith("sha256:"):
        return False  # of a folder or a package
    return models.cached(ModelRef(need.model, need.model_revision)) is None


def _lacks_rows(need: Need) -> bool:
    if need.data_revision.startswith("sha256:"):
        return False
    try:
        spec = tasks.find(need.task)
    except FtbenchError:
        return False  # nothing that a download would bring
    return not spec.builtin and hub.cached_rows(spec, need.data_revision or "main") is None
