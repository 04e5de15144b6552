"""Tuner: a method inside a training loop of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from ftbench.domain.job import STREAMS
from ftbench.errors import BadValue, UsageError
from ftbench.methods.base import Method
from ftbench.nn.dropout import set_dropout
from ftbench.run.data import Batch
from ftbench.run.objectives import Objective
from ftbench.run.run import Run
from ftbench.training import given, own_batch
from ftbench.training import trainer as training
from ftbench.training.own_limits import Limits


class Tuner:
    """A method inside a training loop of one's own: the loop brings the batches, and each is a step.

    Attributes:
        model: what is trained; the given module itself, or the method's wrapper around it.
    """

    def __init__(
        self,
        model: nn.Module,
        method: str | type[Method] = "vanilla",
        *,
        total_steps: int,
        seed: int = 0,
        recipe: Mapping[str, Any] | None = None,
        head: Iterable[str] | None = None,
        train_data: Iterable[Mapping[str, Any]] = (),
        **hyperparameters: Any,
    ) -> None:
        """Set up the model and the optimiser; the model is trained in place.

        Args:
            model: returns an object with ``logits``; one output means regression.
            method: a name, a file or a class, of one run: a soup, say, is for ``fit``.
            total_steps: how many steps there will be, for the schedule.
            seed: of all random numbers.
            recipe: settings that differ from the default recipe; epochs and batch size are the loop's.
            head: as in ``fit``.
            train_data: batches, for a method that looks at all rows before it starts (a loader).
            hyperparameters: of the method.

        Raises:
            UsageError: as in ``fit``, or the method makes several runs.
            BadValue: the weights are half-precision or quantised: the model is the loop's, and is not cast.
        """
        cls, self._method = given.method_of(method, hyperparameters)
        if cls.fit is not Method.fit:
            raise UsageError(f"{cls.name()} makes several runs: use ftbench.fit")
        task = given.given_task(model)
        if not (task.regression or task.one_class):
            raise UsageError("a model with several labels a row is trained by ftbench.fit, not by a Tuner")
        given.refuse(self._method, model, task)
        given.refuse_dtype(model)
        if given.half(model):
            raise BadValue(
                f"model: its weights are {given.half(model)}, in which small updates are lost;"
                " call model.float()"
            )
        self._regression, self._limits = task.regression, Limits.of(model, task)
        length = {"steps": total_steps}
        chosen, dropout_given = given.recipe_of(cls, hyperparameters, recipe or {}, length)
        given.refuse_precision(model, chosen)
        if dropout_given:
            set_dropout(model, chosen.dropout)
        self._rows = 0
        self._batch: Batch | None = None
        self._run = Run(
            "main",
            model,
            Objective(given.NAME, task.regression),
            chosen,
            total_steps,
            {"train": _Pushed(self, train_data)},
            seeds=dict.fromkeys(STREAMS, seed),
            method=cls.name(),
            head_names=given.head_of(model, head),
        )
        model.train()
        training.configure(self._method, self._run)
        self._method.on_train_start(self._run)
        self._step = 0

    @property
    def model(self) -> nn.Module:
        """What is trained."""
        return self._run.model

    def step(self, batch: Mapping[str, Any]) -> Tensor:
        """Make one update from a batch with ``labels``, as a data collator gives it; its loss, detached."""
        self._batch = self.batch(batch)
        self._run.model.train()
        loss = training.train_step(self._run, self._method, self._step)
        self._step += 1
        return loss

    def finish(self) -> nn.Module:
        """The model to evaluate, in evaluation mode: the averaged one, where a method averages."""
        return self._method.model_for_evaluation(self._run).eval()

    def batch(self, collated: Mapping[str, Any]) -> Batch:
        """A collator's batch as methods see it.

        Raises:
            BadValue: labels that are none, or token ids that the model has not; names the row.
        """
        place = given.device_of(self._run.model)
        inputs, labels = own_batch.checked(collated, self._limits, self._regression, place)
        first, self._rows = self._rows, self._rows + len(labels)
        rows = tuple(range(first, self._rows))
        mask = inputs.get("attention_mask")
        if mask is None or mask.ndim != 2:
            return Batch(inputs, labels, rows, len(labels))
        lengths = tuple(int(n) for n in mask.sum(-1))
        return Batch(inputs, labels, rows, len(labels), lengths, left=not bool(mask[:, 0].all()))

    def pushed(self) -> Batch:
        """The batch of this step."""
        if self._batch is None:
            raise RuntimeError("a method asked for a batch before the first step")
        return self._batch


class _Pushed:
    """The split ``train`` of a ``Tuner``."""

    def __init__(self, tuner: Tuner, everything: Iterable[Mapping[str, Any]]) -> None:
        self._tuner, self._everything = tuner, everything

    def batch(self, number: int) -> Batch:
        return self._tuner.pushed()

    def epoch(self, number: int, by_length: bool = False) -> Iterator[Batch]:
        batches = [self._tuner.batch(b) for b in self._everything]
        if not batches:
            raise UsageError("this method looks at all rows before it starts: give them as train_data")
        return iter(batches)
