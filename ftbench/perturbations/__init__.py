"""What changes a job's data: one file each; users' own come from files and entry points."""

from ftbench.perturbations._asked import (
    CLEAN,
    Condition,
    PerturbationChoice,
    asked,
    combined,
    files_named,
    flag,
    grid_of,
    single,
)
from ftbench.perturbations._registry import (
    NO_FILES,
    PluginFiles,
    applied,
    available,
    by_place,
    find,
    heading,
    spoken,
    titled,
)
from ftbench.perturbations.base import EVALUATION, TRAINING, Draws, LabelledRows, Perturber

__all__ = [
    "CLEAN",
    "EVALUATION",
    "NO_FILES",
    "TRAINING",
    "Condition",
    "Draws",
    "PluginFiles",
    "LabelledRows",
    "PerturbationChoice",
    "Perturber",
    "applied",
    "asked",
    "available",
    "combined",
    "titled",
    "files_named",
    "find",
    "flag",
    "grid_of",
    "heading",
    "by_place",
    "single",
    "spoken",
]
