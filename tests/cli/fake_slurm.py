"""Programs that stand in for SLURM's: they write down how they were called, and answer from files."""

from __future__ import annotations

import socket
from pathlib import Path

_SBATCH = """\
echo "sbatch $*" >> {folder}/calls
if [ -e {folder}/refusal ]; then cat {folder}/refusal >&2; exit 1; fi
case "$*" in *--test-only*) exit 0;; esac
last=$(cat {folder}/last 2>/dev/null || echo 6); job=$((last + 1)); echo $job > {folder}/last
for word in "$@"; do case $word in --array=0-*) most=${{word#--array=0-}};; esac; done
for at in $(seq 0 $most); do echo "$job|$at|PENDING||0:00|Resources" >> {folder}/queue; done
echo $job
"""
_SQUEUE = (
    "if [ -e {folder}/away ]; then echo 'squeue: error: Unable to contact slurm controller' >&2; exit 1; fi\n"
)
_SQUEUE += "cat {folder}/queue 2>/dev/null\nexit 0"
_TELL = 'echo "$(basename $0) $*" >> {folder}/calls'


class FakeSlurm:
    """A folder of programs, and the files that they answer from."""

    def __init__(self, folder: Path) -> None:
        """Make the programs; the nodes are this host."""
        self.folder, self.programs = folder, folder / "bin"
        self.programs.mkdir(parents=True)
        texts = {"sbatch": _SBATCH, "squeue": _SQUEUE, "scancel": _TELL, "scontrol": _TELL}
        texts["sinfo"] = "cat {folder}/nodes"
        for name, text in texts.items():
            (self.programs / name).write_text("#!/bin/sh\n" + text.format(folder=folder))
            (self.programs / name).chmod(0o755)
        self.nodes("n0 " + socket.gethostname())

    def nodes(self, *lines: str) -> None:
        """What ``sinfo`` says: a node's name and its host's."""
        (self.folder / "nodes").write_text("".join(f"{line}\n" for line in lines))

    def queue(self, *lines: str) -> None:
        """What ``squeue`` says."""
        (self.folder / "queue").write_text("".join(f"{line}\n" for line in lines))

    def refuse(self, text: str) -> None:
        """What ``sbatch`` says to everything."""
        (self.folder / "refusal").write_text(text)

    def leave(self) -> None:
        """Let ``squeue`` find nobody to ask."""
        (self.folder / "away").touch()

    @property
    def calls(self) -> list[str]:
        """How the programs were called since the last look."""
        path = self.folder / "calls"
        found = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return found
