"""What a method is tried on: one file per benchmark, and where the rows come from."""

from ftbench.tasks.own.place import is_own
from ftbench.tasks.registry import (
    ALIASES,
    BY_NAME,
    TaskEntry,
    available,
    called,
    expand,
    find,
    groups,
    is_built_in,
    names,
    of_place,
    own_folder,
    task_of_job,
)

__all__ = [
    "ALIASES",
    "BY_NAME",
    "TaskEntry",
    "available",
    "called",
    "expand",
    "find",
    "groups",
    "is_built_in",
    "is_own",
    "names",
    "own_folder",
    "task_of_job",
    "of_place",
]
