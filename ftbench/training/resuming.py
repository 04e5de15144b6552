"""Resuming: a run goes on from its checkpoint; and what a run needs of memory is tried before it begins."""

from __future__ import annotations

import copy
import gc
import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch

from ftbench.methods.base import Method
from ftbench.run.data import Batch
from ftbench.run.run import Run
from ftbench.training import checkpoint
from ftbench.training.failure import is_out_of_memory
from ftbench.training.watch import Watch

_log = logging.getLogger("ftbench")


def resumed(run: Run, method: Method, watch: Watch, state: Mapping[str, Any]) -> bool:
    """Continue from a checkpoint.

    Returns:
        False where the checkpoint is not one of this run; the run is then of no use any more.
    """
    try:
        checkpoint.restore(run, method, state)
        watch.load(state)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        _log.warning("the checkpoint of run '%s' does not fit (%s): starting afresh", run.name, error)
        return False
    return True


def rehearse(method: Method, begin: Callable[[Method], Run], longest: Callable[[], Batch]) -> None:
    """Make one update on the longest batch, with a copy of the method and a model of its own, and forget it.

    What it raises, other than for memory, says nothing: what the method does once before its first step has
    not been done.

    Args:
        method: not touched.
        begin: builds the run of a method.
        longest: the batch, of that run.

    Raises:
        RuntimeError, MemoryError: there is not enough memory for it.
    """
    devices = list(range(torch.cuda.device_count()))
    try:
        with torch.random.fork_rng(devices):
            shadow = copy.deepcopy(method)
            run = begin(shadow)
            run.begin(0)
            shadow.training_step(run, longest())
    except Exception as error:
        if is_out_of_memory(error):
            raise
    finally:
        gc.collect()


def free_memory() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    torch.cuda.empty_cache()  # does nothing where no GPU was used
