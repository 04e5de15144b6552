"""What a method is tried on: one file per benchmark, and where the rows come from."""

from ftbench.tasks.registry import ALIASES, TaskEntry, available, expand, find, groups, names

__all__ = ["ALIASES", "TaskEntry", "available", "expand", "find", "groups", "names"]
