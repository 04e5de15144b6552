"""CUDA graphs and ``torch.compile`` over buckets of lengths: what they gain, and after how many updates."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks._measure import synchronize
from benchmarks.gpu import material
from benchmarks.gpu.findings import Finding, Value, found
from benchmarks.gpu.material import Pace, Setup, Shape
from ftbench.run.calling import HALF
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.run.seeding import seed_torch, stream_seed
from ftbench.testing.subject import distance
from ftbench.training.perform import prepare_device
from ftbench.training.trainer import train_step

GRAPHS = "graphs and compiling"
TASK, LONGEST, WIDTH = "rte", 128, 16
EAGER, MASKED, PADDED = "as it is", "mask made before", "padded to buckets"
REPLAYED, DYNAMIC, STATIC = "CUDA graphs", "compiled, any length", "compiled, by bucket"
#: How many updates are compared, and whose: those on the same batches with the same dropout, which compiled
#: code draws in a way of its own.
COMPARED, START = 6, "start"
PLAIN = {MASKED: EAGER, REPLAYED: PADDED}


def measure(setup: Setup) -> Iterator[Finding]:
    """Two shapes; what takes longest to prepare comes last."""
    prepare_device(setup.device, 0, "fast")
    material.read_rarely()
    plans = [(setup.minilm, "fp32", (EAGER, MASKED, PADDED, REPLAYED, DYNAMIC, STATIC))]
    plans += [(setup.large, "bf16", (EAGER, MASKED, PADDED, REPLAYED, DYNAMIC))]
    for shape, precision, ways in plans:
        title = f"{shape.name} {precision}"
        place = Place(setup, shape, precision)
        for way in ways:
            yield found(GRAPHS, f"{title}: {way}", partial(_timed, place, way))


class Place:
    """One shape and precision: makes runs of it.

    Attributes:
        ends: way -> the weights after its first updates; ``START`` -> those before them.
        seconds: way -> those of an update.
    """

    def __init__(self, setup: Setup, shape: Shape, precision: str) -> None:
        """Draw the weights and the rows once."""
        self.setup, self.half = setup, HALF.get(precision)
        self._job = material.job_of("vanilla", TASK, shape, precision=precision, kernels="fast")
        self._source = material.pretrained(shape, TASK, setup.device)
        self._corpus = material.rows(TASK, 640, shape, setup.device)
        self.ends: dict[str, dict[str, Tensor]] = {}
        self.seconds: dict[str, float] = {}

    def begun(self) -> tuple[Run, Any]:
        """A run before its first step, and its method."""
        trainer = material.trainer_of(self._job, self._source, self._corpus)
        return material.begun(trainer), trainer.method


class Way:
    """A run whose updates are made in one of the ways.

    Attributes:
        run: the run.
        prepared: seconds before the first update, over all buckets.
    """

    def __init__(self, place: Place, name: str) -> None:
        """Begin the run, and prepare what the way needs."""
        self._place, self._name = place, name
        self.run, self._method = place.begun()
        self._step, self._graphs = 0, dict[int, Replay]()
        device = place.setup.device
        synchronize(device)
        began = time.perf_counter()
        if name in (DYNAMIC, STATIC):
            self._compile()
        elif name == REPLAYED:
            self._capture()
        synchronize(device)
        self.prepared = time.perf_counter() - began
        if name == STATIC:  # one bucket was compiled
            self.prepared *= LONGEST // WIDTH

    def update(self) -> None:
        """Make the next one."""
        if self._name == EAGER:
            train_step(self.run, self._method, self._step)
        else:
            batch = masked(self.run.next_batch())
            if self._name in (PADDED, REPLAYED, STATIC):
                width = LONGEST if self._name == STATIC else bucket(batch)
                batch = padded(batch, width)
            self.run.begin(self._step)
            if self._name == REPLAYED:
                self._graphs[width].replay(self.run, batch, self._step)
                self.run.step_optimizer()
            else:
                self._method.training_step(self.run, batch)
        self._step += 1

    def _compile(self) -> None:
        torch._dynamo.reset()
        backend = "inductor" if self._place.setup.cuda else "eager"
        self.run.model = torch.compile(self.run.model, dynamic=self._name == DYNAMIC, backend=backend)
        batch = masked(self.run.next_batch())
        widths = (LONGEST, LONGEST - WIDTH) if self._name == DYNAMIC else (LONGEST,)
        for width in widths:
            self.run.begin(0)
            self.run.backward(self._method.compute_loss, padded(batch, width))
        self.run.set_gradients({})

    def _capture(self) -> None:
        batch = padded(masked(self.run.next_batch()), LONGEST)
        for width in range(WIDTH, LONGEST + 1, WIDTH):
            self._graphs[width] = Replay(self.run, padded(batch, width), self._place)
        self.run.feed.drawn.clear()


class Replay:
    """Forward and backward of one bucket, recorded once; on a CPU they are made anew each time."""

    def __init__(self, run: Run, batch: Batch, place: Place) -> None:
        """Record; the gradients have their place in memory from here on."""
        self._place, self._run = place, run
        self._inputs = {name: value.clone() for name, value in batch.inputs.items()}
        self._labels = batch.labels.clone()
        run.set_gradients({})
        self._play, self._gradients = self._recorded() if place.setup.cuda else (self._made, None)
        run.set_gradients({})

    def replay(self, run: Run, batch: Batch, step: int) -> None:
        """The gradients of a batch of this bucket, with the dropout of a step."""
        for name, value in batch.inputs.items():
            self._inputs[name].copy_(value)
        self._labels.copy_(batch.labels)
        seed = stream_seed("dropout", run.task.name, 0, run.name, step, 0, 0)
        seed_torch(seed, self._labels.device)
        self._play()
        if self._gradients is not None:
            run.set_gradients(self._gradients)

    def _recorded(self) -> tuple[Callable[[], None], dict[str, Tensor]]:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self._made()
                self._run.set_gradients({})
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._made()
        return graph.replay, self._run.take_gradients()

    def _made(self) -> None:
        half, device = self._place.half, self._labels.device.type
        with torch.autocast(device, half or torch.bfloat16, enabled=half is not None, cache_enabled=False):
            logits = self._run.model(**self._inputs).logits
        self._run.task.loss(logits.float(), self._labels).backward()


def masked(batch: Batch) -> Batch:
    """A batch whose mask has its four dimensions already: the model need not look at it, and wait."""
    mask = batch.inputs["attention_mask"][:, None, None, :].bool()
    return replace(batch, inputs={**batch.inputs, "attention_mask": mask}, lengths=())


def padded(batch: Batch, width: int) -> Batch:
    """A batch padded, or cut, to so many tokens."""
    inputs = {}
    for name, value in batch.inputs.items():
        more = max(0, width - value.shape[-1])
        inputs[name] = torch.nn.functional.pad(value, (0, more))[..., :width]
    return replace(batch, inputs=inputs)


def bucket(batch: Batch) -> int:
    """The width of the bucket that a batch falls into."""
    return min(LONGEST, math.ceil(batch.inputs["input_ids"].shape[-1] / WIDTH) * WIDTH)


def _timed(place: Place, name: str) -> Mapping[str, Value]:
    setup = place.setup
    material.free(setup.device)
    way = Way(place, name)
    apart = _apart(place, way, name)
    pace = Pace(setup.device, 2 if setup.short else 10, *((2, 1) if setup.short else (40, 4)))
    while not pace.stopping():
        way.update()
        pace.step()
    place.seconds[name] = seconds = 1 / pace.per_second
    plain = place.seconds[EAGER]
    values: dict[str, Value] = {
        "steps/s": pace.per_second,
        "from – to": pace.spread,
        "× as it is": plain / seconds,
        "peak MB": material.peak_mb(setup.device),
    }
    if way.prepared > 0.01:
        gain = plain - seconds
        values |= {"prepared s": way.prepared, "pays after": way.prepared / gain if gain > 0 else None}
    return {**values, "apart, of the way": apart}


def _apart(place: Place, way: Way, name: str) -> float | None:
    """How far the first updates lead from where those of the plain step do, as a part of the way."""
    way.run.feed.drawn.clear()
    place.ends.setdefault(START, _weights(way.run))
    for _ in range(COMPARED):
        way.update()
    place.ends[name] = _weights(way.run)
    plain = place.ends.get(PLAIN.get(name, ""))
    if plain is None:
        return None
    return distance(plain, place.ends[name]) / distance(place.ends[START], plain)


def _weights(run: Run) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in run.parameters.items()}
