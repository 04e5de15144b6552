"""Run: one training inside a job, as a method sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ftbench.domain.recipe import Recipe
from ftbench.nn import dropout, optimizers, structure
from ftbench.nn.optimizers import Optimizer
from ftbench.run.calling import Call, Caller
from ftbench.run.data import Batch
from ftbench.run.feed import BatchSource, Feed
from ftbench.run.noise import Noise
from ftbench.run.objectives import Objective
from ftbench.run.scaling import LossScale
from ftbench.run.seeding import seed_torch, stream_seed
from ftbench.run.splitting import Splitting


class Run:
    """One training: the model, its optimisers, the step, the batches and the random streams.

    Attributes:
        name: the run's name inside its job, ``main`` where there is one.
        model: the module being trained, after ``configure_model``.
        task: loss and divergence; see ``Objective``.
        recipe: the training settings.
        step: the update being made, from 0.
        total_steps: updates in all.
        optimizers: by name, as ``configure_optimizers`` gave them.
        parameters: the model's parameters by name.
        head_names: names of the parameters that did not come from pretraining.
        drawn_head: whether the head was drawn for this run; False where the user brought it.
        noise: the method's random numbers.
        head_noise: those of the stream ``head``, for a method that draws the new layers in a way of its own.
        feed: where its batches come from, and how many it has drawn.
        recorded: values of this step that the method wants in the job's curves.
        scale: of losses in fp16, where an update whose gradients overflow is left out; else None.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        task: Objective,
        recipe: Recipe,
        total_steps: int,
        sources: Mapping[str, BatchSource],
        *,
        seeds: Mapping[str, int],
        method: str = "",
        head_names: Iterable[str] = (),
        drawn_head: bool = False,
        call: Call | None = None,
        replay: Mapping[str, Any] | None = None,
        parts: int = 1,
    ) -> None:
        """Begin before the first step; micro-batches are cut into ``parts`` where memory is short."""
        self.name, self.model, self.task, self.recipe = name, model, task, recipe
        self.total_steps, self.feed, self._seeds = total_steps, Feed(sources), seeds
        self.head_names, self.drawn_head = frozenset(head_names), drawn_head
        self.optimizers: dict[str, Optimizer] = {}
        self.parameters: dict[str, nn.Parameter] = dict(model.named_parameters())
        self.grad_norm: Tensor | None = None
        self.recorded: dict[str, Tensor] = {}
        self.step, self.scale = 0, LossScale() if recipe.precision == "fp16" else None
        self._edit: Callable[[Run, Optimizer], None] | None = None
        self._pass, self._micro, self._shared, self._parts = 0, 0, False, parts
        self._caller, self._splitting = Caller(recipe.precision, call), Splitting.of(model)
        self.noise = Noise(
            lambda *parts: stream_seed("method", task.name, seeds["method"], method, name, *parts), replay
        )
        self.head_noise = Noise(lambda *parts: stream_seed("head", task.name, seeds["head"], *parts))

    # -- the model ------------------------------------------------------------------------------------

    def attach(self, model: nn.Module, edit: Callable[[Run, Optimizer], None]) -> None:
        """Take the configured model and the method's ``edit_gradients``; the trainer calls it.

        A parameter that a wrapper gave another name stays one of the head.
        """
        head = {id(p) for name, p in self.parameters.items() if name in self.head_names}
        self.model, self._edit = model, edit
        self.parameters = dict(model.named_parameters())
        self.head_names = frozenset(
            name for name, p in self.parameters.items() if id(p) in head or name in self.head_names
        )
        self._splitting = Splitting.of(model)

    def forward(
        self,
        batch: Batch,
        *,
        embeddings: Callable[[Tensor], Tensor] | None = None,
        layers: Callable[[Tensor, int], Tensor] | None = None,
    ) -> Tensor:
        """The logits of one pass, with this pass's dropout; float32 or wider.

        Args:
            batch: rows to feed.
            embeddings: applied to the word embeddings, shape (rows, tokens, width), before anything is added;
                in an encoder-decoder to those of the encoder.
            layers: applied to the hidden states that enter each transformer layer, same shape, with the
                number of the layer's call, from 0.

        Returns:
            Shape (predictions, classes): of each row, or of each of ``batch.labels``; see `Batch`.

        Raises:
            ModelError: the model has no word embeddings, or no layers, to apply a function to.
        """
        if self.model.training:
            at = self.name, self.step, self._pass, self._micro
            seed = stream_seed("dropout", self.task.name, self._seeds["dropout"], *at)
            seed_torch(seed, batch.labels.device)
        logits = batch.predictions(self._caller.logits(self.model, batch, self._pass, embeddings, layers))
        if not self._shared:
            self._move(self._pass + 1, self._micro)
        return logits

    def forward_twice(
        self, batch: Batch, *, second: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """The logits of two passes, each row with two dropout masks: one pass of twice the rows costs less.

        Args:
            batch: rows to feed.
            second: applied to the word embeddings of the second pass, as in ``forward``.

        Returns:
            Shapes (predictions, classes).
        """
        if self._caller.recorded:  # what is recorded belongs to one pass of the rows
            return self.forward(batch), self.forward(batch, embeddings=second)

        def halves(words: Tensor) -> Tensor:
            assert second is not None
            return torch.cat([words[: len(batch)], second(words[len(batch) :])])

        logits = self.forward(batch.twice(), embeddings=None if second is None else halves)
        return logits[: len(batch.labels)], logits[len(batch.labels) :]

    @contextmanager
    def same_dropout(self) -> Iterator[None]:
        """All passes inside the block have one mask."""
        self._shared = True
        try:
            yield
        finally:
            self._shared = False
            self._move(self._pass + 1, self._micro)

    @contextmanager
    def dropout(self, rate: float | None) -> Iterator[None]:
        """Another dropout rate inside the block; None leaves it."""
        with nullcontext() if rate is None else dropout.dropout_rate(self.model, rate):
            yield

    @contextmanager
    def full_precision(self) -> Iterator[None]:
        """No autocast inside the block: bf16 rounds weights by more than SAM, say, perturbs them."""
        with self._caller.full_precision():
            yield

    @property
    def drops(self) -> bool:
        """Whether passes differ: the model has any dropout, or is called with recorded dropout."""
        return self._caller.recorded or dropout.has_dropout(self.model)

    # -- gradients ------------------------------------------------------------------------------------

    def backward(self, loss_fn: Callable[[Run, Batch], Tensor], batch: Batch) -> Tensor:
        """Add the gradient of a batch's mean loss, micro-batch by micro-batch, weighed by predictions.

        Args:
            loss_fn: the mean loss of a micro-batch; a method's ``compute_loss``.
            batch: the whole batch.

        Returns:
            The batch's mean loss, detached, shape ().
        """
        first, last, total = self._pass, self._pass, None
        scaled = self.scale.scaled(self.parameters.values()) if self.scale else nullcontext(1.0)
        with scaled as factor, self._splitting.cheap_tables(batch):
            for number, micro in enumerate(self.micro_batches(batch, alike=False)):
                self._move(first, number)
                loss = loss_fn(self, micro)
                if len(micro) != len(batch):
                    loss = loss * (len(micro.labels) / len(batch.labels))
                torch.autograd.backward(loss if factor == 1 else loss * factor)
                total = loss.detach() if total is None else total + loss.detach()
                last = max(last, self._pass)
        self._move(last, 0)
        assert total is not None
        return total

    def micro_batches(self, batch: Batch, alike: bool = True) -> list[Batch]:
        """What one pass each is made of; where ``alike``, all rows of a part have as many predictions."""
        return self._splitting.micro_batches(batch, self.recipe.accumulation * self._parts, alike)

    def take_gradients(self) -> dict[str, Tensor]:
        """The gradients by parameter name; the parameters are left without."""
        taken = {}
        for name, parameter in self.parameters.items():
            if parameter.grad is not None:
                taken[name] = parameter.grad
                parameter.grad = None
        return taken

    def set_gradients(self, gradients: Mapping[str, Tensor]) -> None:
        """Make these the gradients; parameters that are not named get none."""
        for name, parameter in self.parameters.items():
            parameter.grad = gradients.get(name)

    def step_optimizer(self, name: str = "main") -> None:
        """Clip, let the method edit the gradients, update at this step's rate, drop the gradients."""
        if self.scale and not self.scale.update():
            return self.set_gradients({})
        optimizer = self.optimizers[name]
        norm = optimizer.clip_gradients()
        self.grad_norm = norm if self.grad_norm is None else torch.maximum(self.grad_norm, norm)
        if self._edit is not None:
            self._edit(self, optimizer)
        optimizer.step(self.step)

    def record(self, name: str, value: Tensor) -> None:
        """Put a value of this step, shape (), into the job's curves, by a name of the method's own."""
        if name in ("loss", "grad_norm"):
            raise ValueError(f"the curve '{name}' is recorded by itself: take another name")
        self.recorded[name] = value.detach()

    def optimizer(
        self,
        params: Mapping[str, nn.Parameter] | None = None,
        *,
        lr: float | None = None,
        decay: float | None = None,
        flavour: str | None = None,
        schedule: str | Callable[[int], float] | None = None,
        clip: float | None = None,
        warmup: int | None = None,
        scales: Mapping[str, float] | None = None,
    ) -> Optimizer:
        """An optimiser as the recipe says, where nothing else is given.

        Args:
            params: by name; all trainable parameters of the model by default.
            lr: peak learning rate.
            decay: decoupled weight decay; biases and normalisations have none.
            flavour: ``adamw_torch``, ``adamw_hf`` or ``sgd``.
            schedule: ``linear``, ``cosine``, ``constant``, or a function step (from 0) -> learning rate.
            clip: largest global gradient norm, 0 for none.
            warmup: steps of warm-up.
            scales: factors of the learning rate by parameter name, 1 where none is given.
        """
        recipe = self.recipe
        chosen = (
            params if params is not None else {n: p for n, p in self.parameters.items() if p.requires_grad}
        )
        rate = recipe.lr if lr is None else lr
        decay = recipe.weight_decay if decay is None else decay
        shape = recipe.schedule if schedule is None else schedule
        if isinstance(shape, str):
            steps = recipe.warmup(self.total_steps) if warmup is None else warmup
            shape = optimizers.SCHEDULES[shape](rate, steps, self.total_steps)
        inner = optimizers.build(
            flavour or recipe.optimizer,
            optimizers.parameter_groups(chosen, structure.undecayed_names(self.model), decay, scales or {}),
            lr=rate,
            betas=(recipe.beta1, recipe.beta2),
            eps=recipe.eps,
        )
        return Optimizer(inner, shape, recipe.clip if clip is None else clip)

    # -- the data -------------------------------------------------------------------------------------

    def next_batch(self, split: str = "train") -> Batch:
        """The next batch of a split: ``train``, or ``held_out`` where the method holds rows out."""
        return self.feed.next_batch(split)

    def epoch(self, split: str = "train", *, by_length: bool = False) -> Iterator[Batch]:
        """One pass over a split in an order of its own, or by length; the training order does not move."""
        return self.feed.epoch(split, by_length)

    # -- for the trainer ------------------------------------------------------------------------------

    def begin(self, step: int) -> None:
        """Move to a step: its first pass, and no gradients, as no checkpoint has any."""
        self.step, self.grad_norm, self.recorded, self._shared = step, None, {}, False
        self.set_gradients({})
        self._move(0, 0)

    def _move(self, pass_: int, micro: int) -> None:
        self._pass, self._micro = pass_, micro
        self.noise.at(self.step, pass_, micro)
