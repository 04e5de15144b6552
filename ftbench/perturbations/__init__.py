"""What changes a job's data: one file each; users' own come from files and entry points."""

from ftbench.perturbations._asked import (
    PerturbationChoice,
    asked,
    crossed,
    files_of,
    flag,
    grid_of,
    single,
    titled,
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
    "EVALUATION",
    "NO_FILES",
    "TRAINING",
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
    "titled",
]
