"""What changes a job's data: one file each; users' own come from files and entry points."""

from ftbench.perturbations._asked import PerturbationChoice, asked
from ftbench.perturbations._registry import ALIASES, available, find, in_order, listed
from ftbench.perturbations.base import EVALUATION, TRAINING, Draws, LabelledRows, Perturber

__all__ = [
    "ALIASES",
    "EVALUATION",
    "TRAINING",
    "Draws",
    "LabelledRows",
    "PerturbationChoice",
    "Perturber",
    "asked",
    "available",
    "find",
    "in_order",
    "listed",
]
