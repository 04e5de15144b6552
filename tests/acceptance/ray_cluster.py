"""A real cluster of Ray's on this machine: loopback only, a head and nodes of a core, gone with the test."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from tests.acceptance.cluster import kill, processes

PORT = 26700  # and those up to 26799
_RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--object-store-memory=80000000"]


def missing() -> bool:
    """Whether Ray is not installed here."""
    return find_spec("ray") is None


class RayCluster:
    """The head and its nodes; Ray takes 127.0.0.1 for the machine's outward address, so others are used."""

    address = f"127.0.0.2:{PORT}"

    def __init__(self, folder: Path, nodes: int = 2) -> None:
        """Start them one after another, which takes some ten seconds each."""
        self.folder = folder
        self._mark = f"FTBENCH_TEST_RAY={folder}"
        self.env = {
            **os.environ,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "FTBENCH_TEST_RAY": str(folder),
        }
        self.nodes = [f"127.0.0.{3 + at}" for at in range(nodes)]
        try:
            self._start(
                "127.0.0.2",
                "--head",
                f"--port={PORT}",
                "--num-cpus=0",
                "--include-dashboard=false",
                "--disable-usage-stats",
                f"--temp-dir={folder}",
            )
            for at, node in enumerate(self.nodes, start=1):
                self._start(node, f"--address={self.address}", "--num-cpus=1", "--num-gpus=1", at=at)
        except BaseException:
            self.close()
            raise

    def _start(self, node: str, *arguments: str, at: int = 0) -> None:
        first = PORT + 10 + 30 * at
        ports = [f"--min-worker-port={first}", f"--max-worker-port={first + 29}"]
        done = subprocess.run(
            [*_RAY, f"--node-ip-address={node}", *ports, *arguments],
            env={**self.env, "FTBENCH_TEST_NODE": node},
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def kill_node(self, node: str) -> int:
        """Let a node die as when its power fails: everything on it, at once; how many processes that was."""
        return self._kill(f"FTBENCH_TEST_NODE={node}")

    def close(self) -> None:
        """End all of it."""
        end = time.monotonic() + 20
        while self._kill() and time.monotonic() < end:
            time.sleep(0.2)

    def _kill(self, *told: str) -> int:
        """Kill what was told so, and what it has started: Ray's own overwrite what they were told."""
        roots = {pid for pid in processes(self._mark, *told) if pid != os.getpid()}
        found = with_descendants(roots)
        for pid in found:
            kill(pid)
        return len(found)


def with_descendants(roots: set[int]) -> set[int]:
    """Processes, their children, the children of these, and so on."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found
