"""A PostgreSQL of one's own, thrown away afterwards: for measurements and tests.

It listens on a socket in its folder alone, so that it needs no port and nobody else reaches it. PostgreSQL
does not run as root: root starts it as ``postgres``, or as ``nobody`` where there is no such user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

USER = "ftbench"
#: Runs a program until a line names the signal that is to end it, or nobody is left to write one.
_SERVE = '"$@" < /dev/null & server=$!; read -r how; kill -s "${how:-QUIT}" $server; wait $server'


def binaries() -> Path | None:
    """The folder with the server's programs, the newest where there are several; None where there is none."""
    given, on_path = os.environ.get("FTBENCH_TEST_POSTGRESQL"), shutil.which("initdb")
    if given:
        return Path(given) if (Path(given) / "initdb").exists() else None
    places = [Path(on_path).resolve().parent] if on_path else []
    usual = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(usual, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


class Server:
    """A server that runs from ``start`` to ``remove``; or from the beginning to the end of a ``with``.

    Attributes:
        folder: that holds everything, its data in ``data``.
        megabytes: of the disk that its data are on, where it has one of its own.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, megabytes: int | None = None) -> None:
        """Make one; nothing runs yet.

        Args:
            settings: of the server, besides a socket in its folder.
            megabytes: how large the disk is that its data are on, of memory; only root may mount one.

        Raises:
            FileNotFoundError: there is no PostgreSQL on this machine.
        """
        here = binaries()
        if here is None:
            raise FileNotFoundError("there is no PostgreSQL on this machine: initdb is needed")
        self._bin, self._user = here, _user()
        self._process: subprocess.Popen[bytes] | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="ftbench-pg-", dir="/tmp"))  # a socket's path is short
        self.megabytes = megabytes
        data = self.folder / "data"
        data.mkdir()
        if megabytes is not None:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", data], check=True)
        for place in (self.folder, data):
            place.chmod(0o700)
            if self._user is not None:
                os.chown(place, *self._user)
        made = ["-D", str(data / "db"), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        self._run("initdb", *made, "--no-sync")
        lines = {"listen_addresses": "''", "unix_socket_directories": f"'{self.folder}'", **(settings or {})}
        with (data / "db" / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in lines.items())

    @property
    def data(self) -> Path:
        """The file system with its data; ``db`` in it is what the server takes."""
        return self.folder / "data"

    def address(self, database: str = "postgres") -> str:
        """The address of a database on it."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='/')}"

    def create(self, database: str) -> str:
        """Make an empty database on it; its address."""
        self._run("createdb", "-h", str(self.folder), "-U", USER, database)
        return self.address(database)

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None and self._told.exists()

    @property
    def _told(self) -> Path:
        """The file that says which process it is, and whether it is ready; it goes when it falls."""
        return self.data / "db" / "postmaster.pid"

    def start(self) -> None:
        """Start it, and wait until it answers; nothing where it runs. It ends with this process.

        Raises:
            RuntimeError: it does not start; with what it says of that.
        """
        if self.running:
            return
        self.stop("immediate")  # what it ran in
        self._told.unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SERVE, "sh", self._bin / "postgres", "-D", str(self.data / "db")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **self._own,
            )
        end = time.monotonic() + 60
        while not (self.running and self._told.read_text().rstrip().endswith("ready")):
            if time.monotonic() > end:
                raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
            time.sleep(0.02)

    def stop(self, mode: str = "fast") -> None:
        """End it: ``fast`` cuts its connections, ``immediate`` is a crash; nothing where it does not run."""
        if self._process is not None:
            self._process.communicate(b"INT\n" if mode == "fast" else b"QUIT\n", timeout=60)
            self._process = None

    def pause(self, seconds: float) -> None:
        """Stop all its processes for a while, as a machine that hangs."""
        stopped = self._processes()
        try:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def full_disk(self) -> Iterator[None]:
        """No space is left for its data meanwhile; its disk must be one of a few megabytes."""
        ballast = self.data / "ballast"
        try:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(65536)):
                    pass
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def remove(self) -> None:
        """End it, and delete all that it has written."""
        self.stop("immediate")
        if self.megabytes is not None:
            subprocess.run(["umount", "-l", self.data], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """The server, running."""
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Throw it away."""
        self.remove()

    def _processes(self) -> list[int]:
        """The server's processes, the first one first."""
        if not self.running:
            return []
        pid = int(self._told.read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def _run(self, program: str, *words: str) -> None:
        ended = subprocess.run([self._bin / program, *words], capture_output=True, text=True, **self._own)
        if ended.returncode:
            raise RuntimeError(f"{program}: {ended.stderr[-2000:]}")

    @property
    def _own(self) -> dict[str, Any]:
        """Where its programs run, and as whom."""
        if self._user is None:
            return {"cwd": self.folder}
        user, group = self._user
        return {"cwd": self.folder, "user": user, "group": group, "extra_groups": []}


def _user() -> tuple[int, int] | None:
    """Whom root starts it as, the user and the group; None where it is started as who we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
    return None
