"""Perform: one job from its JSON to its scores."""

from __future__ import annotations

import logging
import platform
import resource
import time
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import ftbench
from ftbench import methods, models, tasks, trust
from ftbench.domain import hparams
from ftbench.domain.events import encode_logits
from ftbench.domain.job import Job
from ftbench.domain.model import ModelRef
from ftbench.domain.provenance import Provenance
from ftbench.domain.result import EXPLAINED, TRAINED
from ftbench.domain.suited import KEPT, no_head_to_keep
from ftbench.domain.target import HELD_OUT, HELD_OUT_BEST, RETENTION
from ftbench.domain.task import TaskSpec
from ftbench.errors import DeviceMissing, ModelError, PluginError
from ftbench.methods import source_digest
from ftbench.methods.base import Method
from ftbench.training import products
from ftbench.training.checkpoint import RunFiles
from ftbench.training.corpus import Corpus, Library
from ftbench.training.failure import TooLarge, is_out_of_memory
from ftbench.training.pretrained import Pretrained, Shelf
from ftbench.training.resuming import free_memory
from ftbench.training.retention import retention
from ftbench.training.scoring import Scorer, points_of
from ftbench.training.trainer import Listener, Trainer

Send = Callable[..., None]

_log = logging.getLogger("ftbench")
_warm: dict[str, tuple[Shelf, Library]] = {}


def perform(command: Mapping[str, Any], send: Send, listener: Listener) -> None:
    """Train, evaluate and send what came of it; ``command`` is that of ``execute``.

    Raises:
        FtbenchError: the job cannot be done here.
        Stopped, Diverged: from the trainer; Diverged, too, where a prediction is not finite.
    """
    clock = Clock()
    job = Job.from_canonical(command["job"])
    places = command.get("places") or {}
    device = device_for(command)
    refuse_half(job.recipe.precision, device)
    shelf, library = _warm.setdefault(str(device), (Shelf(device), Library(device)))
    task = tasks.task_of_job(job.task, places)
    _refuse_strangers(places)
    cls = methods.of_row(job.method, tuple(places.get("plugins") or ()))
    code = source_digest(cls)  # of what was loaded: by the job's end the file may have been edited
    ref = ModelRef(job.model, job.model_revision, places.get("model"))
    pretrained = shelf.get(ref, task.outputs, _kept(job, ref, task), tokens=task.by_word)
    clock.lap("model")
    key = (ref.id, ref.revision)
    files, rows_at = places.get("perturbations") or {}, places.get("data")
    corpus = Corpus(library, task, job, pretrained.tokenizer, key, rows_at, files, pretrained.limits)
    clock.lap("data")
    trainer, model = _trained(command, job, task, cls, pretrained, corpus, code, listener)
    clock.lap("training")
    scorer = Scorer(model, corpus, job, task)
    for name in job.evaluation:
        if name == RETENTION:
            for metric, value in retention(model, pretrained, models.locate(ref)).items():
                send("score", evaluation=RETENTION, metric=metric, value=value)
        if name in (RETENTION, HELD_OUT_BEST):
            continue
        scored = scorer.score(name)
        raw = np.ascontiguousarray(scored.logits, dtype="<f4").tobytes()
        shape = {"rows": len(scored.logits), "outputs": scored.logits.shape[1]}
        send("predictions", run="main", evaluation=name, **shape, logits=encode_logits(raw))
        for metric, value in scored.metrics.items():
            send("score", evaluation=name, metric=metric, value=value)
        if name == HELD_OUT and trainer.points is not None:
            best = trainer.points.best(trainer.curves, job.recipe, scored.metrics[task.metric])
            send("score", evaluation=HELD_OUT_BEST, metric=task.metric, value=best.score)
            send("score", evaluation=HELD_OUT_BEST, metric=best.setting, value=best.length)
    explained = trainer.explained(model)
    if explained is not None:
        send("score", evaluation=TRAINED, metric=EXPLAINED, value=explained)
    clock.lap("evaluation")
    for point in trainer.curves:
        send("curve", run=point.run, step=point.step, name=point.name, value=point.value)
    fitted: Provenance = {"weights_prefix": pretrained.prefix} if pretrained.prefix else {}
    if corpus.max_length < job.recipe.max_length:
        fitted["max_length"] = corpus.max_length
    facts: Provenance = {
        **trainer.facts,
        **fitted,
        "precision": job.recipe.precision,
        "method_digest": code,
        **_library(cls),
        "model_commit": pretrained.commit,
    }
    facts["digests"] = dict(corpus.digests)  # with those of evaluation rows
    send("provenance", values={**facts, **environment(device), "seconds": clock.laps})


def _trained(
    command: Mapping[str, Any],
    job: Job,
    task: TaskSpec,
    cls: type[Method],
    pretrained: Pretrained,
    corpus: Corpus,
    code: str,
    listener: Listener,
) -> tuple[Trainer, nn.Module]:
    """Carry out the runs of a job; the trainer and the model to be scored.

    Where memory runs out, each micro-batch is halved and the job goes on from its last checkpoint, as one
    that was interrupted: the update stays the same.
    """
    folder = Path(command["workdir"]) if command.get("workdir") else None
    threads, version = torch.get_num_threads(), str(torch.__version__)
    earlier = [Path(other) for other in command.get("earlier") or ()]
    seconds = float(command.get("checkpoint_seconds", 60.0))
    rows = -(-job.recipe.batch_size // job.recipe.accumulation)
    parts = 1 if cls.whole_batch else min(rows, int(command.get("parts") or 1))
    while True:
        method = cls(hparams.parse(cls.HParams, job.hparams, owner=job.method))
        trainer = Trainer(
            job,
            task,
            method,
            pretrained,
            corpus,
            files=RunFiles(
                folder,
                corpus.labels.device,
                earlier,
                digest=job.digest,
                code=code,
                threads=threads,
                torch=version,
            ),
            listener=listener,
            checkpoint_seconds=seconds,
            parts=parts,
            rehearses=corpus.labels.device.type != "cpu",
            points=points_of(method, corpus, job, task) if HELD_OUT_BEST in job.evaluation else None,
        )
        try:
            model = method.fit(trainer)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if cls.whole_batch or parts >= rows:
                raise TooLarge(str(error) or type(error).__name__) from error
            _log.warning("memory ran out (%s): going on with micro-batches of half the rows", error)
        else:
            if parts > 1:
                trainer.facts["parts"] = parts
            return trainer, model
        # Here the error is gone, and with it what its frames held.
        parts *= 2
        listener.progress("", 0, 0, ())  # it takes its time, and does not hang
        del method, trainer
        free_memory()


def _library(cls: type[Method]) -> Provenance:
    """The library that a method is made of, and its version."""
    return {"library": f"{cls.library} {metadata.version(cls.library)}"} if cls.library else {}


def _refuse_strangers(places: Mapping[str, Any]) -> None:
    """Run no file that the job alone names.

    Raises:
        PluginError: one that was not named on this machine.
    """
    wanted = [*(places.get("plugins") or ()), *(places.get("perturbations") or {}).values()]
    for file in wanted:
        if not trust.is_named(file):
            raise PluginError(f"{file} was not named on this machine, as it is now: {trust.HOW}")


def _kept(job: Job, ref: ModelRef, task: TaskSpec) -> bool:
    """Whether the checkpoint's own head is kept; what could not be seen when the job was queued is now.

    Raises:
        ModelError: there is none, or it is that of another task.
    """
    if job.recipe.head != KEPT:
        return False
    reason = no_head_to_keep(models.inspect(ref.id, "", models.locate(ref)), task)
    if reason:
        raise ModelError(f"model '{ref.id}': {reason}")
    return True


def device_for(command: Mapping[str, Any]) -> torch.device:
    """Choose the device of a job, and set what makes its results repeatable."""
    kernels = Job.from_canonical(command["job"]).recipe.kernels
    return prepare_device(command.get("device") or "", int(command.get("threads") or 0), kernels)


def prepare_device(name: str, threads: int, kernels: str) -> torch.device:
    """Choose the device and set what makes its results repeatable."""
    if threads > 0:
        torch.set_num_threads(threads)
    device = torch.device(name or ("cuda:0" if torch.cuda.is_available() else "cpu"))
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.use_deterministic_algorithms(kernels == "deterministic", warn_only=True)
        torch.cuda.reset_peak_memory_stats(device)
    return device


def refuse_half(precision: str, device: torch.device) -> None:
    """Refuse fp16 where there is no GPU for it: the same job may run on another machine.

    Raises:
        DeviceMissing: the device is none of CUDA.
    """
    if precision == "fp16" and device.type != "cuda":
        raise DeviceMissing(
            f"precision=fp16 needs a CUDA GPU, and this is the {device.type}: run the job with "
            "`ftbench worker --gpu 0` on a machine that has one, or queue it with --set precision=fp32"
        )


def environment(device: torch.device) -> Provenance:
    """Versions, device, threads and peak memory of this process; no host name, no path."""
    import transformers

    facts: Provenance = {
        "ftbench": ftbench.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "numpy": np.__version__,
        "device": device.type,
        "threads": torch.get_num_threads(),
        "products": products.products_name(),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if device.type == "cuda":
        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
        facts["peak_memory_mb"] = torch.cuda.max_memory_allocated(device) // 2**20
    return facts


class Clock:
    """Wall seconds by phase."""

    def __init__(self) -> None:
        """Start now."""
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a phase."""
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0.0) + now - self._last, 4)
        self._last = now
