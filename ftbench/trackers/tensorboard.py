"""TensorBoard: a folder of event files for each job, below ``TENSORBOARD_LOGGING_DIR`` or ``runs``."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftbench.trackers.base import Ending, SeriesAt, StepValues, TrackedJob, Tracker, TrackerRun

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

#: Where its callback in transformers looks, too.
VARIABLE = "TENSORBOARD_LOGGING_DIR"
_ODD = re.compile(r"[^\w.,=@+\[\]-]+")


class TensorBoard(Tracker):
    """Event files; what was written before is read once, when a job goes on."""

    package = "tensorboard"

    def place(self) -> str:
        """The folder."""
        return os.environ.get(VARIABLE) or "runs"

    def open(self, job: TrackedJob) -> TrackerRun:
        """A new event file in the job's folder; TensorBoard shows those of a folder as one run."""
        return _EventFiles(Path(self.place(), *map(_part, job.path.split("/"))), job)


def _part(text: str) -> str:
    """A part of a job's name as that of a folder, which leads nowhere else."""
    return _ODD.sub("_", text).lstrip(".") or "_"


class _EventFiles(TrackerRun):
    def __init__(self, folder: Path, job: TrackedJob) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._before = _read(folder) if folder.is_dir() else {}
        new = not folder.is_dir()
        self._writer: EventFileWriter = EventFileWriter(str(folder), flush_secs=10)
        if new:
            self._text({**job.tags, **job.settings})

    def known(self) -> Mapping[SeriesAt, float]:
        return self._before

    def log(self, steps: Sequence[StepValues]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        for step, values in steps:
            self._write(step, [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])

    def end(self, how: Ending) -> None:
        self._writer.close()

    def _text(self, settings: Mapping[str, object]) -> None:
        """A table of what the job is, on the page of texts."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.plugins.text.metadata import create_summary_metadata

        lines = ["| setting | value |", "| --- | --- |", *(f"| {k} | {v} |" for k, v in settings.items())]
        one = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        text = TensorProto(dtype="DT_STRING", string_val=["\n".join(lines).encode()], tensor_shape=one)
        self._write(0, [Summary.Value(tag="job", metadata=create_summary_metadata("job", ""), tensor=text)])

    def _write(self, step: int, values: Sequence[Summary.Value]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))


def _read(folder: Path) -> dict[SeriesAt, float]:
    """The scalars of a folder; the half record that a killed process left at a file's end is passed over."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0}, purge_orphaned_data=False)
    found.Reload()
    return {(tag, one.step): one.value for tag in found.Tags()["scalars"] for one in found.Scalars(tag)}
