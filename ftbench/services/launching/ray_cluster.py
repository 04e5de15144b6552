"""A connection to a cluster of Ray's, and what is said where there is none."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ftbench.errors import BadValue, FtbenchError, one_line

NAMESPACE = "ftbench"
SEARCHED = "auto"
_REACH = 5.0  # seconds that an address has to take a connection
_NO_RAY = "ray is not installed: pip install 'ftbench[ray]'"


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module ``ray``, connected to a cluster until the block's end.

    Args:
        address: of the cluster, or ``auto``.

    Raises:
        FtbenchError: Ray is not installed, there is no cluster, or it takes no program such as this one.
    """
    try:
        import ray
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "ray"
        raise FtbenchError(_NO_RAY if missing else f"ray cannot be loaded: {error}") from None
    where = os.environ.get("RAY_ADDRESS", "") if address == SEARCHED else address
    if where:
        _check_reached(where)
    try:
        with _without_stderr():
            ray.init(
                address=where or SEARCHED,
                namespace=NAMESPACE,
                log_to_driver=False,
                logging_level="critical",
                configure_logging=False,
            )
    except ConnectionError as error:
        raise FtbenchError(_unconnected(where, error)) from None
    except Exception as error:  # of any class: what Ray says is what there is to say
        raise FtbenchError(f"Ray at {where or 'this machine'}: {_said(error)}") from None
    try:
        yield ray
    except (FtbenchError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise FtbenchError(f"Ray at {where or 'this machine'}: {_said(error)}") from None
    finally:
        ray.shutdown()


def checked_address(given: str | None) -> str:
    """The address of a cluster as it was typed, ``auto`` without one.

    Raises:
        BadValue: it is none.
    """
    if given is None or given == SEARCHED:
        return SEARCHED
    host, colon, port = given.rpartition(":")
    if not (host and colon and port.isdecimal() and int(port) < 65536) or "/" in host:
        raise BadValue(
            f"--address '{given}': give HOST:PORT, ray://HOST:PORT, or leave it out on a node of Ray's"
        )
    return given


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Drop what Ray's own threads write there while they try: one line says what came of it."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _check_reached(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        raise FtbenchError(f"no Ray cluster at '{address}': give HOST:PORT (--address, RAY_ADDRESS)")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH).close()
    except (OSError, ValueError, OverflowError) as error:
        told = getattr(error, "strerror", None) or error
        raise FtbenchError(f"no Ray cluster at {address}: {told}") from None


def _unconnected(address: str, error: Exception) -> str:
    if not address:
        return "no Ray cluster runs here: call this on a node of one, or give --address HOST:PORT"
    return f"Ray at {address} does not take this program ({_said(error)}): is RAY_AUTH_TOKEN the cluster's?"


def _said(error: Exception) -> str:
    """What an error of Ray's says, in a line without the traces of other processes that it quotes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if re.match(r"\w*(Error|Exception)\b.*:", line)]
    return one_line(" ".join(lines) if len(lines) <= 8 and not causes else (causes or lines)[-1])[:500]
