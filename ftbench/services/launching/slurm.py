"""SLURM: an array of workers for each call, followed with ``squeue`` and ``scontrol``, without accounting."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import ClassVar

from ftbench.domain.amount import limit_seconds
from ftbench.domain.launch import Allocation, Launch
from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching.base import Engine, Seen, Sight
from ftbench.services.launching.script import Script
from ftbench.services.launching.site import slurm

#: What ``ftbench launch`` says itself, as SLURM's options are called.
_OURS = {
    "--array": "--workers says how many",
    "-a": "--workers says how many",
    "--wrap": "the script is ours",
    "--no-requeue": "workers are started again when they were pre-empted",
    "--test-only": "it is asked first anyway; --dry-run prints the script",
    "--parsable": "it is given anyway",
    "--wait": "`ftbench launch status` tells how it stands",
    "-W": "`ftbench launch status` tells how it stands",
}
_WAITING = {
    "PENDING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "RESV_DEL_HOLD",
}
_RUNS = {"RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING", "RESIZING", "SUSPENDED", "STOPPED"}
_TAKEN = {"CANCELLED", "PREEMPTED", "NODE_FAIL", "BOOT_FAIL", "TIMEOUT", "DEADLINE", "REVOKED"}
_NAME = re.compile(r"(\d{1,12})_(\d{1,9})")
_FORMAT = "%F|%K|%T|%N|%M|%r"  # the reason last: it may hold anything


class Slurm(Engine):
    """Workers as elements of job arrays; the folder holds the script and the arguments of ``sbatch``."""

    name: ClassVar[str] = "slurm"

    def __init__(self, folder: Path, script: Script | None = None, arguments: Sequence[str] = ()) -> None:
        """Take the launch's folder, and for a new launch what goes into it.

        Args:
            folder: of the launch.
            script: of every worker; None where the folder has it.
            arguments: the user's, for ``sbatch``.
        """
        super().__init__(folder)
        self._new, self._arguments = script, tuple(arguments)

    @property
    def _script(self) -> Path:
        return self.folder / "worker.sh"

    @property
    def _kept(self) -> Path:
        return self.folder / "sbatch.arguments"

    def _write(self, script: Script) -> None:
        """Keep what later starts need."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._script.write_text(script.text())
            self._kept.write_text("".join(f"{shlex.quote(one)}\n" for one in self._arguments))
        except OSError as error:
            raise FtbenchError(f"{error.filename or self.folder}: {error.strerror or error}") from error

    def command(self, count: int, first: int, barred: Sequence[str] = (), *, test: bool = False) -> list[str]:
        """The call of ``sbatch`` for so many workers.

        Args:
            count: how many.
            first: the number of the first one's allocation.
            barred: nodes to leave alone.
            test: only ask whether it would be taken.
        """
        given = self._given()
        exclude = [f"--exclude={_together(given, barred)}"] if barred else []
        how = ["--test-only"] if test else ["--parsable"]
        return ["sbatch", *how, *given, *exclude, f"--array=0-{count - 1}", str(self._script), str(first)]

    def start(self, launch: Launch, new: Sequence[Allocation]) -> dict[int, str]:
        """Submit one array, which SLURM is asked about before."""
        first = new[0].number
        if self._new is not None:
            self._write(self._new)
        try:
            slurm(*self.command(len(new), first, launch.barred, test=True))
            said = slurm(*self.command(len(new), first, launch.barred))
        except FtbenchError:
            if self._new is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self._new = None
        array = said.strip().splitlines()[-1].split(";")[0]
        if not array.isdecimal():
            raise FtbenchError(f"sbatch said '{said.strip()}' where the number of a job was to be")
        return {one.number: f"{array}_{at}" for at, one in enumerate(new)}

    def seen(self, allocations: Sequence[Allocation]) -> Mapping[str, Seen]:
        """Ask ``squeue``, which knows those that ended lately, too."""
        told = slurm(
            "squeue", "--noheader", "--array", "--states=all", f"--user={os.getuid()}", f"--format={_FORMAT}"
        )
        return parsed(told)

    def stop(self, allocations: Sequence[Allocation]) -> None:
        """``scancel``."""
        self._tell(["scancel"], allocations)

    def hold(self, allocations: Sequence[Allocation]) -> None:
        """``scontrol hold``."""
        self._tell(["scontrol", "hold"], allocations)

    def let_go(self, allocations: Sequence[Allocation]) -> None:
        """``scontrol release``."""
        self._tell(["scontrol", "release"], allocations)

    def bar(self, allocations: Sequence[Allocation], nodes: Sequence[str]) -> None:
        """``scontrol update`` of the nodes that are excluded."""
        excluded = _together(self._given(), nodes)
        for one in _names(allocations):
            slurm("scontrol", "update", f"JobId={one}", f"ExcNodeList={excluded}")

    def _tell(self, command: Sequence[str], allocations: Sequence[Allocation]) -> None:
        names = _names(allocations)
        if names:
            slurm(*command, *names)

    def _given(self) -> list[str]:
        """The user's arguments for ``sbatch``, from this machine's own file: a database is not believed."""
        if self._new is not None:
            return list(self._arguments)
        try:
            return shlex.split(self._kept.read_text())
        except OSError:
            raise FtbenchError(
                f"{self.folder} is not here: call this in the folder where the launch was made, on a machine "
                "that shares it"
            ) from None


def checked_arguments(arguments: Sequence[str]) -> tuple[str, ...]:
    """The arguments for ``sbatch``.

    Raises:
        BadValue: one says what ``ftbench launch`` says, or the first is no option.
    """
    if arguments and not arguments[0].startswith("-"):
        raise BadValue(f"'{arguments[0]}' is no option of sbatch: write -- --partition=gpu")
    for one in arguments:
        name = one.partition("=")[0]
        short = name[:2] if name.startswith("-") and not name.startswith("--") else name
        reason = _OURS.get(name) or _OURS.get(short)
        if reason is not None:
            raise BadValue(f"{name} is not for the arguments of sbatch: {reason}")
    return tuple(arguments)


def parsed(text: str) -> dict[str, Seen]:
    """What ``squeue`` says of each element of arrays, by ``ARRAY_INDEX``; other lines are passed over."""
    found = {}
    for line in text.splitlines():
        parts = line.strip().split("|", 5)
        if len(parts) != 6 or not parts[0].isdecimal() or not parts[1].isdecimal():
            continue
        array, index, state, node, ran, reason = (part.strip() for part in parts)
        found[f"{array}_{index}"] = _seen(state, node, ran, "" if reason == "None" else reason)
    return found


def _seen(state: str, node: str, ran: str, reason: str) -> Seen:
    if state in _WAITING:
        return Seen(Sight.WAITING, "", reason)
    if state in _RUNS:
        return Seen(Sight.RUNNING, node, reason)
    if state in _TAKEN:
        return Seen(Sight.TAKEN, node, _words(state, reason))
    try:
        seconds = limit_seconds(ran, "squeue")
    except BadValue:
        seconds = 0.0
    return Seen(Sight.OVER, node, _words(state, reason), seconds)


def _words(state: str, reason: str) -> str:
    return f"{state}, {reason}" if reason and reason != state else state


def check_there() -> None:
    """Refuse to go on where SLURM's commands are not.

    Raises:
        FtbenchError: so it is.
    """
    if shutil.which("sbatch") is None:
        raise FtbenchError("no sbatch on this machine: call this where it is, or use `ftbench launch local`")


def check_one_host(address: str) -> None:
    """Refuse a SQLite file where the cluster has other machines than this one.

    Args:
        address: of the database, as it is shown.

    Raises:
        FtbenchError: it has, or SLURM cannot be asked.
    """
    others = _other_hosts()
    if others:
        named = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        why = f"{address} is a SQLite file, which one machine alone can use, and {named} are others"
        raise FtbenchError(f"{why}: use PostgreSQL (--db postgresql://USER@HOST/NAME)")


def _other_hosts() -> list[str]:
    here = {socket.gethostname(), socket.gethostname().partition(".")[0], "localhost"}
    nodes = [line.split() for line in slurm("sinfo", "--noheader", "--Node", "--format=%N %n").splitlines()]
    return sorted({name for name, host in nodes if host not in here})


def _names(allocations: Sequence[Allocation]) -> list[str]:
    """Names for SLURM: an array's elements together, ``12_[0,3,4]``; nothing that is no such name."""
    matches = (_NAME.fullmatch(one.engine_id) for one in allocations)
    kept = sorted((int(found[1]), int(found[2])) for found in matches if found)
    groups = groupby(kept, key=lambda pair: pair[0])
    return [f"{array}_[{','.join(str(index) for _, index in pairs)}]" for array, pairs in groups]


def _together(arguments: Sequence[str], barred: Sequence[str]) -> str:
    """The nodes that a user's arguments exclude, as they are written there, and those that are barred."""
    given = ""
    for at, one in enumerate(arguments):
        if one.startswith("--exclude="):
            given = one.partition("=")[2]
        elif one in ("-x", "--exclude") and at + 1 < len(arguments):
            given = arguments[at + 1]
        elif one.startswith("-x") and one != "-x":
            given = one[2:]
    return ",".join([*([given] if given else []), *sorted(barred)])
