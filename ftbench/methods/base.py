"""Method: the interface, which is plain fine-tuning where nothing is overridden."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from ftbench.domain import hparams as hp
from ftbench.domain.model import BIASES, LINEAR
from ftbench.errors import BadValue

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.domain.job import Job
    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

#: What is said where a model lacks what a method needs.
_LACKING = {
    BIASES: "{method}: {model} has no biases to train",
    LINEAR: "{method} works on linear layers, and those of {model} are Conv1D: ftbench.fit converts them",
}

_H = TypeVar("_H")
_H_co = TypeVar("_H_co", covariant=True)

#: What others are compared with, and what a grid has anyway.
BASELINE = "vanilla"
PAPER = "paper"
VARIANTS = (PAPER, "published")

#: What ``family`` may say, in the order of the listing.
FAMILIES = (
    "baseline",
    "regularisation",
    "layers",
    "sub-network",
    "consistency",
    "adversarial",
    "averaging",
    "bi-level",
    "parameter-efficient",
    "other",
)


@dataclass(frozen=True)
class Trained:
    """A finished run: the model to evaluate."""

    name: str
    model: nn.Module


class JobTrainer(Protocol):
    """What ``fit`` is given: it makes the runs of one job."""

    @property
    def job(self) -> Job:
        """What is being trained."""

    @property
    def task(self) -> TaskSpec:
        """What it is trained on."""

    def run(
        self,
        method: Method,
        *,
        name: str = "main",
        seed: int | None = None,
        recipe: Mapping[str, Any] | None = None,
        split_seed: int | None = None,
        streams: Mapping[str, int] | None = None,
    ) -> Trained:
        """Train once; a run that is finished already is not trained again.

        Args:
            method: whose steps to make; the job's own, or a phase of it.
            name: unique inside the job.
            seed: of all streams of this run; the job's by default. A stream that the job gives a seed of
                its own (``queue --vary``) takes a hash of that seed and ``name`` in its place.
            recipe: settings that differ from the job's.
            split_seed: draws the held-out rows anew; a seed as ``seed`` is one, of the stream ``split``
                alone. The job's own method then trains on rows that ``evaluate`` would score, which refuses
                from there on; a phase never sees those rows.
            streams: seeds of single streams of this run (``head``, ``order``, …), before the job's own.
        """

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The metrics of a model on the held-out rows; the reported split is never seen here."""

    def member_seed(self, name: str) -> int:
        """A seed for a further run of the job, of no other repetition: a hash of (job seed, run name)."""


class _Declares(Protocol[_H_co]):
    """A class with a nested ``HParams``: what makes ``hparams`` generic in it, subclass by subclass."""

    @property
    def HParams(self) -> Callable[..., _H_co]:
        """The dataclass; one that is called to make its values."""


class Method:
    """A fine-tuning method; a subclass overrides only what its paper changes.

    The trainer calls, in this order: ``fit`` once a job; and for every run of it ``configure_model``,
    ``configure_optimizers``, ``on_train_start`` (not on resume), then ``training_step`` once an update, and
    ``model_for_evaluation`` at the end. ``training_step`` calls ``compute_loss`` once a micro-batch, and
    ``edit_gradients`` before each step of an optimiser. State that is in neither the model nor the optimisers
    goes through ``state_dict``; every random draw through ``run.noise``.

    Attributes:
        title: the name as papers print it.
        paper: authors, year, arXiv number.
        family: where the listing puts it, one of ``FAMILIES``.
        formula: the update in one line, for the card.
        differs: where the authors' code departs from the paper, a line each, and which is the default.
        cost: forward and backward passes a step, and one-off work, in a few words.
        memory: what it keeps beyond vanilla: buffers of the weights' size, activations.
        unsupported_note: what it does not support, for the card.
        published: the switches that make it do what the authors' code does (``variant=published``).
        neutral: hyper-parameters with which it is plain fine-tuning, bit for bit; None where there are none.
        neutral_start: whether it is the pretrained model before its first step, where no setting is neutral.
        neutral_scale: how many times the plain loss its loss then is; where it is not 1, the two agree to
            rounding, without dropout and after the learning rate is divided by it.
        neutral_recipe: recipe settings of both under which that holds.
        whole_batch: why its update is another one where the batch is cut into micro-batches, for the card; a
            job of it for which memory does not suffice then fails at once. "" where it may be cut.
        needs: what it cannot do without in a model, of ``BIASES`` and ``LINEAR`` (``ftbench.domain.model``);
            may be a property.
        library: a package whose version counts as a part of the method's code.
        held_out_fraction: the part of the training rows kept for ``next_batch("held_out")``; may be a
            property.
    """

    title: ClassVar[str] = ""
    paper: ClassVar[str] = ""
    family: ClassVar[str] = "other"
    formula: ClassVar[str] = ""
    differs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[str] = ""
    memory: ClassVar[str] = ""
    unsupported_note: ClassVar[str] = ""
    published: ClassVar[Mapping[str, Any]] = {}
    neutral: ClassVar[Mapping[str, Any] | None] = None
    neutral_start: ClassVar[bool] = False
    neutral_scale: ClassVar[float] = 1.0
    neutral_recipe: ClassVar[Mapping[str, Any]] = {}
    whole_batch: ClassVar[str] = ""
    needs: frozenset[str] = frozenset()
    library: ClassVar[str] = ""
    held_out_fraction: float = 0.0

    @dataclass(frozen=True)
    class HParams:
        """No hyper-parameters."""

    def __init__(self, hparams: object = None) -> None:
        """Take the hyper-parameters, a value of the class's own ``HParams``, or the defaults."""
        self.hparams = self.HParams() if hparams is None else hparams

    @property
    def hparams(self: _Declares[_H]) -> _H:
        """The hyper-parameters; to a type checker, too, they are of the class's own ``HParams``."""
        values: _H = vars(self)["hparams"]
        return values

    @hparams.setter
    def hparams(self, values: object) -> None:
        vars(self)["hparams"] = values

    @classmethod
    def name(cls) -> str:
        """What users type: the name of the module the method stands in."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def resolve(cls, given: Mapping[str, Any] | None = None, variant: str = "paper") -> HParams:
        """The hyper-parameters of a variant, with those given on top.

        Raises:
            UnknownName: a hyper-parameter that the method does not have.
            BadValue: a value of the wrong type or out of range, or an unknown variant.
        """
        values = dict(given or {})
        variant = str(values.pop("variant", variant))
        if variant not in VARIANTS:
            raise BadValue(f"{cls.name()}: variant '{variant}' is neither paper nor published")
        switches = dict(cls.published) if variant == "published" else {}
        return hp.parse(cls.HParams, {**switches, **values}, owner=cls.name())

    @classmethod
    def defaults(cls) -> dict[str, hp.Value]:
        """The hyper-parameters where none are given."""
        return hp.as_dict(cls.HParams())

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """Recipe values that the method brings along; they apply at queue time, and ``--set`` wins."""
        return {}

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Why the method cannot run on a model and task, or None where it can."""
        return None

    def refusal(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Why a grid leaves the method out: what the model lacks of its ``needs``, or ``unsupported``."""
        for need in sorted(self.needs & model.lacks):
            return _LACKING[need].format(method=self.name(), model=model.name)
        return self.unsupported(model, task)

    def note_for(self, task: TaskSpec) -> str | None:
        """What reports must say of the scores on a task, in a few words: they star them; None for nothing."""
        return None

    def passes(self, task: TaskSpec, epochs: float) -> float:
        """What a job takes for each of its updates, in passes: one forward and one backward of a batch.

        Plain fine-tuning takes 1. Further runs and one-off work are spread over the job's updates; a pass
        without a backward is a third of one. Estimates of time rest on it.

        Args:
            task: what is trained on.
            epochs: the job's length, above 0.
        """
        return 1.0

    def fit(self, trainer: JobTrainer) -> nn.Module:
        """Do the whole job and return the model to evaluate; one run by default."""
        return trainer.run(self).model

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Change the model in place, or return a wrapper around it; freeze what is not trained."""
        return None

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """The optimisers by name; one over all trainable parameters, as the recipe says, by default."""
        return {"main": run.optimizer()}

    def on_train_start(self, run: Run) -> None:
        """Do what is needed once before the first step; not called when a run is resumed."""

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """Make one update from one batch and return its loss, detached."""
        loss = run.backward(self.compute_loss, batch)
        run.step_optimizer("main")
        return loss

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """The mean loss of a micro-batch, with its graph."""
        return run.task.loss(run.forward(batch), batch.labels)

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        """Change the gradients of an optimiser's parameters: unscaled and clipped, not yet stepped."""

    def model_for_evaluation(self, run: Run) -> nn.Module:
        """The model that is scored; the trained one by default."""
        return run.model

    def state_dict(self) -> dict[str, Any]:
        """All state that is in neither the model nor the optimisers: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what ``state_dict`` gave."""
