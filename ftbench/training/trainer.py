"""Trainer: the runs of one job, each resumable by its name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ftbench.domain import hparams
from ftbench.domain.job import Job
from ftbench.domain.provenance import Provenance
from ftbench.domain.recipe import Recipe, layered, with_share_of_warmup
from ftbench.domain.result import CurvePoint
from ftbench.domain.task import TaskSpec
from ftbench.methods.base import Method, Trained
from ftbench.run.batches import Batches
from ftbench.run.objectives import Objective
from ftbench.run.run import Run
from ftbench.run.seeding import digest
from ftbench.training import checkpoint, evaluation, resuming, run_seeds
from ftbench.training.points import Points
from ftbench.training.pretrained import Pretrained, head_digest
from ftbench.training.training_rows import TrainingRows
from ftbench.training.watch import Diverged, Watch

EXPLAINED_ROWS = 256
"""Enough to see whether anything was learnt, and a small part of an epoch."""


class Stopped(Exception):
    """The job was asked to stop; a checkpoint is written."""


class Listener(Protocol):
    """Who is told how a job goes."""

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        """A step is done; ``points`` are all that the run has logged so far."""

    def stopping(self) -> bool:
        """Whether the job should stop at this step."""


class Trainer:
    """Carries out the runs that a method's ``fit`` asks for.

    Attributes:
        job: what is being trained.
        curves: logged values of all runs so far.
        facts: for provenance: digests of the rows; by run its steps, rows, and digests of the new layers that
            it starts from and of the order of the first epoch.
    """

    def __init__(
        self,
        job: Job,
        task: TaskSpec,
        method: Method,
        pretrained: Pretrained,
        corpus: TrainingRows,
        *,
        files: checkpoint.RunFiles | None = None,
        listener: Listener | None = None,
        checkpoint_seconds: float = 60.0,
        parts: int = 1,
        rehearses: bool = False,
        points: Points | None = None,
    ) -> None:
        """Hold out the method's rows; nothing is trained yet.

        Where memory ran out, micro-batches are cut into ``parts``; where ``rehearses``, a run tries its
        longest batch before its first step; ``points`` scores it as it goes.
        """
        self._parts, self._rehearses, self.points = parts, rehearses, points
        self.job, self.task, self.method = job, task, method
        self._pretrained, self._corpus = pretrained, corpus
        self._listener, self._every = listener, checkpoint_seconds
        self._files = files or checkpoint.RunFiles(None, corpus.labels.device)
        self._objective = Objective(task.name, task.regression)
        held = method.held_out_fraction
        self._train_rows, self._held_rows = corpus.split(corpus.rows, held, job.seed_of("split"))
        self._unsaved: tuple[str, nn.Module] | None = None
        self._redrawn = False
        self.curves: list[CurvePoint] = []
        self.facts: Provenance = {"runs": {}, "digests": dict(corpus.digests)}

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
        """Train once, as ``JobTrainer.run`` says; a run that is finished already is not trained again.

        Raises:
            Stopped: the job was asked to stop.
            Diverged: a loss or gradient is not finite.
        """
        self._save_finished()
        chosen = layered(hparams.as_dict(self.job.recipe), recipe) if recipe else self.job.recipe
        self._redrawn = self._redrawn or (method is self.method and split_seed is not None)
        seeds = run_seeds.seeds_of_run(self.job, name, seed, split_seed, streams)

        def begin(method: Method) -> Run:
            return self._begin(method, name, chosen, seeds, split_seed is not None)

        run = begin(method)
        done = self._files.load_finished(name)
        if done is not None:
            state, points = done
            model = method.model_for_evaluation(run)
            model.load_state_dict(state)
            if not any(point.run == name for point in self.curves):
                self.curves += points
        else:
            model = self._train(run, method, begin)
            self._unsaved = (name, model)
        return Trained(name, model)

    def member_seed(self, name: str) -> int:
        """A seed for a further run of the job, of no other repetition: a hash of (job seed, run name)."""
        return run_seeds.member_seed(self.job, name)

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """The metrics of a model on the held-out rows; the reported split is never seen here.

        Raises:
            ValueError: the method holds no rows out, or a run of it drew them anew.
        """
        if not len(self._held_rows):
            raise ValueError("no rows are held out: set held_out_fraction on the method")
        if self._redrawn:
            raise ValueError("a run with split_seed trained on rows that are held out: train a phase instead")
        rows = self._held_rows
        return evaluation.scored(self.task, self._predict(model, rows), self._labels(rows))

    def outputs(self, model: nn.Module) -> NDArray[np.float32]:
        """The logits of a model on the rows of the job, as ``predict_task`` gives them."""
        return self._predict(model, self._corpus.rows)

    def explained(self, model: nn.Module) -> float | None:
        """How much of their labels' variety a model explains on its training rows; see ``evaluation``.

        On 256 of them at most, evenly spread over the file, with the labels that they were trained with.

        Raises:
            Diverged: a prediction is not finite.
        """
        count = len(self._train_rows)
        rows = self._train_rows[np.linspace(0, count - 1, min(count, EXPLAINED_ROWS)).astype(np.int64)]
        if not np.isfinite(logits := self._predict(model, rows)).all():
            raise Diverged("predictions on the training rows are not finite")
        return evaluation.explained(self.task, logits, self._labels(rows))

    def _predict(self, model: nn.Module, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        data, precision, labels = self._corpus.data, self.job.recipe.precision, self._labels(rows)
        return evaluation.predict_task(model, data, rows.tolist(), labels, self.task, precision)

    def _labels(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self._corpus.labels_of(rows).double().cpu().numpy()

    def _begin(
        self,
        method: Method,
        name: str,
        recipe: Recipe,
        seeds: Mapping[str, int],
        redrawn: bool,
    ) -> Run:
        model = self._pretrained.build(task=self.task.name, head_seed=seeds["head"], dropout=recipe.dropout)
        train, held = self._rows_of(method, seeds["split"], redrawn)
        self._sources = sources = {"train": self._batches(train, recipe, seeds["order"], "train")}
        if len(held):
            sources["held_out"] = self._batches(held, recipe, seeds["order"], "held_out")
        recipe = with_share_of_warmup(recipe, self.job.recipe, len(train))
        run = Run(
            name,
            model,
            self._objective,
            recipe,
            recipe.total_steps(len(train)),
            sources,
            seeds=seeds,
            method=type(method).name(),
            head_names=self._pretrained.head_names,
            drawn_head=self._pretrained.draws_head(seeds["head"]),
            parts=self._parts,
        )
        model.train()
        names = {id(p): n for n, p in run.parameters.items()}  # a wrapper's prefix is no part of a digest
        configure(method, run)
        head = {names.get(id(p), n): p for n, p in run.parameters.items() if n in run.head_names}
        moved = {p for optimizer in run.optimizers.values() for p in optimizer.params}
        self.facts["runs"][name] = {
            "total_steps": run.total_steps,
            "rows": len(train),
            "parameters": sum(p.numel() for p in run.parameters.values()),
            "trained": sum(p.numel() for p in moved if p.requires_grad),
            "head_tensors": len(head),
            "head": head_digest(head),
            "order": digest(train[sources["train"].order(0)]),
        }
        return run

    def _rows_of(
        self, method: Method, seed: int, redrawn: bool
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if method is self.method and not redrawn:
            return self._train_rows, self._held_rows
        base = self._corpus.rows if method is self.method else self._train_rows
        return self._corpus.split(base, method.held_out_fraction, seed)

    def _batches(self, rows: NDArray[np.int64], recipe: Recipe, seed: int, split: str) -> Batches:
        return Batches(
            self._corpus.data,
            rows,
            self._corpus.labels_of(rows),
            batch_size=recipe.batch_size,
            task=self.task.name,
            seed=seed,
            split=split,
        )

    def _train(self, run: Run, method: Method, begin: Callable[[Method], Run]) -> nn.Module:
        watch = Watch(run)
        state = self._files.load(run.name)
        if state is not None and not resuming.resumed(run, method, watch, state):
            self._files.drop(run.name)
            run, state = begin(method), None
            watch = Watch(run)
        if state is None:
            if self._rehearses:
                resuming.rehearse(method, begin, lambda: self._sources["train"].longest())
            run.feed.tick = self._tick
            began = time.perf_counter()
            with run.full_precision() if run.scale else nullcontext():  # what overflows here would be lost
                method.on_train_start(run)
            self.facts["runs"][run.name]["one_off_seconds"] = round(time.perf_counter() - began, 4)
        self.facts["runs"][run.name]["resumed_at"] = run.step
        saved = time.monotonic()
        for step in range(run.step, run.total_steps):
            train_step(run, method, step, watch)
            if self.points:
                watch.points += self.points.after(run, method, self.facts["runs"][run.name]["rows"])
            last = step + 1 == run.total_steps
            if last or (step + 1) % watch.every == 0:
                watch.read()
            if self._listener is not None:
                self._listener.progress(run.name, step + 1, run.total_steps, watch.points)
            if last:
                break
            stop = self._listener is not None and self._listener.stopping()
            if stop or time.monotonic() - saved >= self._every:
                watch.check()
                self._files.save(run.name, {**checkpoint.snapshot(run, method), **watch.state()})
                saved = time.monotonic()
            if stop:
                raise Stopped
        watch.check()
        self.curves += watch.points
        if run.scale:
            self.facts["runs"][run.name]["skipped"] = run.scale.skipped
        return method.model_for_evaluation(run)

    def _tick(self) -> None:
        """Stop inside a pass before the first step; it begins anew, so nothing is written."""
        if self._listener is not None and self._listener.stopping():
            raise Stopped

    def _save_finished(self) -> None:
        """Keep the result of the run before, now that another follows: a resumed job must not repeat it."""
        if self._unsaved is not None:
            name, model = self._unsaved
            self._unsaved = None
            self._files.save_finished(name, model, [p for p in self.curves if p.run == name])


def configure(method: Method, run: Run) -> None:
    """Let a method set up the model and its optimisers."""
    wrapped = method.configure_model(run.model, run)
    run.attach(run.model if wrapped is None else wrapped, method.edit_gradients)
    run.optimizers = method.configure_optimizers(run.model, run)


def train_step(run: Run, method: Method, step: int, watch: Watch | None = None) -> Tensor:
    """Make one update, the one place where a step begins."""
    run.begin(step)
    loss = method.training_step(run, run.next_batch("train"))
    if watch is not None and not (run.scale and run.scale.overflowed):  # nothing came of such a step
        watch.note(step, loss)
    return loss
