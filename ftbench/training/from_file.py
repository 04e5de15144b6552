"""A file of jobs, for machines that cannot reach the database: their events go to another file."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from ftbench.domain.command import checkpoint_folder, checkpoint_folders, job_of_line, places_here
from ftbench.domain.events import Events
from ftbench.errors import DataError

Execute = Callable[[Mapping[str, Any], Events], str]


def run_file(options: argparse.Namespace, execute: Execute, stopped: Callable[[], bool]) -> int:
    """Do the jobs of a file that are not done yet; returns the exit code.

    Args:
        options: the command line of ``execute``.
        execute: does one job and gives the name of its last event.
        stopped: whether the process was asked to stop.
    """
    failed = 0
    with open(options.jobs) as jobs, open(options.events, "a+") as stream:
        if not _ours_alone(stream):
            print(
                f"{options.events} is written by another process: name another file with --events",
                file=sys.stderr,
            )
            return 2
        path = Path(options.events)
        cut_partial_line(path)
        done, events = done_jobs(path), Events(stream)
        for line in filter(str.strip, jobs):
            try:
                command = {**vars(options), **job_of_line(line)}
            except DataError as error:
                print(f"{options.jobs}: {error}", file=sys.stderr)
                return 1
            digest = command["digest"]
            if digest in done:
                continue
            command["places"] = places_here(command.get("places"), command["job"], options.data_dir)
            root = Path(options.workdir) if options.workdir else None
            if root is not None:
                command["earlier"] = [str(folder) for folder in checkpoint_folders(root, digest)]
                command["workdir"] = str(checkpoint_folder(root, digest, uuid.uuid4().hex[:12]))
            end = execute(command, events)
            failed += end == "failed"
            if root is not None and end == "done":
                os.fsync(stream.fileno())  # a power cut must not take result and checkpoint
                for folder in checkpoint_folders(root, digest):
                    shutil.rmtree(folder, ignore_errors=True)
            if stopped():
                return 1
    return 1 if failed else 0


def _ours_alone(stream: IO[str]) -> bool:
    """Whether no other process writes into the file; where files cannot be locked, none is known to."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def cut_partial_line(path: Path) -> None:
    """Remove what an interrupted process left of its last line, so that the next event begins a new one."""
    if path.exists():
        whole, newline, _ = path.read_bytes().rpartition(b"\n")
        os.truncate(path, len(whole + newline))


def done_jobs(path: Path) -> set[str]:
    """The digests of the jobs that an interrupted process had brought to their end already."""
    if not path.exists():
        return set()
    with path.open() as events:
        ends = (json.loads(line) for line in events if '"event":"done"' in line)
        return {event["digest"] for event in ends if event.get("event") == "done"}
