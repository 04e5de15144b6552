"""A real SLURM of two nodes on this machine: loopback only, without root, gone with the test."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
PORT = 26600
PORTS = 50  # from PORT on, of which a cluster takes three that lie as its nodes need them

_CONF = """
ClusterName=ftbench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
# What a credential lasts is also how long a job that is started again has to wait; below 5 it is 120.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
# Else the daemons listen on every address.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/run/spool.%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=10
KillWait=15
MinJobAge=60
JobRequeue=1
SlurmdParameters=config_overrides
"""
_NODE = "NodeName={name} NodeAddr=127.0.0.1 NodeHostname={host} Port={port} CPUs=2 RealMemory=4000\n"
_PARTITIONS = """
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=10
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""


def missing() -> list[str]:
    """The programs of SLURM that are not on this machine."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


class Cluster:
    """munged, slurmctld and a slurmd for each node, all of this user."""

    def __init__(self, folder: Path, nodes: int = 2) -> None:
        """Start them, and wait until the nodes are idle."""
        self.folder, self.nodes = folder, [f"ftb{at}" for at in range(nodes)]
        self.user = getpass.getuser()
        self.env = {
            **os.environ,
            "SLURM_CONF": str(folder / "conf" / "slurm.conf"),
            "PATH": os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"]),
        }
        for name in ("conf", "log", "run", "state", "munge"):
            (folder / name).mkdir(parents=True, mode=0o755)
        (folder / "etc").mkdir(mode=0o700)
        key = folder / "etc" / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._configure()
        self._started: list[int] = []
        try:
            self._start()
            self.until(lambda: self.run("sinfo", "-hN", "-p", "main", "-o", "%T").split() == ["idle"] * nodes)
        except BaseException:
            self.close()
            raise

    def _configure(self) -> None:
        host = socket.gethostname().partition(".")[0]
        first = _free(1 + len(self.nodes))
        text = _CONF.format(host=host, port=first, user=self.user, folder=self.folder)
        for at, name in enumerate(self.nodes, start=1):
            text += _NODE.format(name=name, host=host, port=first + at)
        (self.folder / "conf" / "slurm.conf").write_text(text + _PARTITIONS)
        (self.folder / "conf" / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def _start(self) -> None:
        munge = self.folder / "munge"
        self.run(
            "munged",
            "--force",
            f"--key-file={self.folder}/etc/munge.key",
            f"--socket={munge}/socket",
            f"--pid-file={munge}/pid",
            f"--log-file={self.folder}/log/munged.log",
            f"--seed-file={munge}/seed",
            "--num-threads=2",
        )
        self.run("slurmctld", "-c")
        for name in self.nodes:
            self.run("slurmd", "-N", name)

    def run(self, *command: str) -> str:
        """Run a program of SLURM's to its end; what it printed."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def until(self, reached: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for something."""
        end = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < end, "not within time: " + self.told()
            time.sleep(0.2)

    def told(self) -> str:
        """The queue and the nodes, for a failed test's message."""
        commands = (["squeue", "-r", "-t", "all"], ["sinfo", "-N", "-l"])
        return "\n".join(
            subprocess.run(c, env=self.env, capture_output=True, text=True).stdout for c in commands
        )

    def kill_node(self, name: str) -> None:
        """Let a node die as when its power fails: its daemon and all jobs on it, at once."""
        for pid in self._daemons(name):
            kill(pid)
        for pid in processes(f"SLURMD_NODENAME={name}", f"SLURM_CONF={self.env['SLURM_CONF']}"):
            kill(pid)
        self.run("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=killed")

    def revive(self, name: str) -> None:
        """Start a node again."""
        self.run("slurmd", "-N", name)
        self.until(lambda: "idle" in self.run("sinfo", "-hN", "-n", name, "-o", "%T"))

    def _daemons(self, name: str) -> list[int]:
        spool = str(self.folder / "run")
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                told = f"SLURM_CONF={self.env['SLURM_CONF']}".encode()
                slurmd = (
                    words[0].rpartition(b"/")[2] in (b"slurmd", b"slurmstepd:") or b"slurmstepd" in words[0]
                )
                of = name.encode() in words or spool.encode() in (entry / "environ").read_bytes()
                if slurmd and of and told in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def close(self) -> None:
        """End all of it."""
        subprocess.run(["scancel", "--full", "-u", self.user], env=self.env, capture_output=True)
        time.sleep(0.5)
        for path in (*(self.folder / "run").glob("*.pid"), self.folder / "munge" / "pid"):
            with contextlib.suppress(OSError, ValueError):
                kill(int(path.read_text()), signal.SIGTERM)
        time.sleep(0.5)
        for pid in processes(f"SLURM_CONF={self.env['SLURM_CONF']}"):
            if pid != os.getpid():
                kill(pid)


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def processes(*told: str) -> list[int]:
    """The processes whose environment has all of these."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes().split(b"\0")
            if all(text.encode() in environment for text in told):
                found.append(int(entry.name))
    return found


def _free(count: int) -> int:
    """The first of so many ports in a row that nobody listens on."""
    for first in range(PORT, PORT + PORTS, count):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError(f"no {count} free ports from {PORT} on")
