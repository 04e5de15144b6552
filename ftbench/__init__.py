"""ftbench: compare fine-tuning methods for pretrained language models, so that the table can be believed."""

from typing import TYPE_CHECKING

from ftbench._lazy import attach
from ftbench._version import __version__

if TYPE_CHECKING:
    from ftbench.domain.hparams import hparam as hparam
    from ftbench.domain.job import Job as Job
    from ftbench.domain.perturbation import Perturbation as Perturbation
    from ftbench.domain.recipe import Recipe as Recipe
    from ftbench.domain.task import TaskSpec as TaskSpec
    from ftbench.errors import FtbenchError as FtbenchError
    from ftbench.methods.base import Method as Method
    from ftbench.training.fit import fit as fit
    from ftbench.training.tuner import Tuner as Tuner

__all__ = [
    "FtbenchError",
    "Job",
    "Method",
    "Perturbation",
    "Recipe",
    "TaskSpec",
    "Tuner",
    "__version__",
    "fit",
    "hparam",
]

__getattr__, __dir__ = attach(
    __name__,
    {
        "FtbenchError": "ftbench.errors",
        "Job": "ftbench.domain.job",
        "Method": "ftbench.methods.base",
        "Perturbation": "ftbench.domain.perturbation",
        "Recipe": "ftbench.domain.recipe",
        "TaskSpec": "ftbench.domain.task",
        "Tuner": "ftbench.training.tuner",
        "fit": "ftbench.training.fit",
        "hparam": "ftbench.domain.hparams",
    },
)
