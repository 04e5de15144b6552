"""What changes a job's data: one file each; users' own come from files and entry points."""

from ftbench.perturbations._asked import (
    CLEAN,
    Condition,
    PerturbationChoice,
    asked,
    crossed,
    files_of,
    flag,
    grid_of,
    single,
)
from ftbench.perturbations._registry import (
    NO_FILES,
    Files,
    applied,
    available,
    described,
    find,
    heading,
    in_order,
    spoken,
)
from ftbench.perturbations.base import EVALUATION, TRAINING, Draws, LabelledRows, Perturber

__all__ = [
    "CLEAN",
    "EVALUATION",
    "NO_FILES",
    "TRAINING",
    "Condition",
    "Draws",
    "Files",
    "LabelledRows",
    "PerturbationChoice",
    "Perturber",
    "applied",
    "asked",
    "available",
    "crossed",
    "described",
    "files_of",
    "find",
    "flag",
    "grid_of",
    "heading",
    "in_order",
    "single",
    "spoken",
]
