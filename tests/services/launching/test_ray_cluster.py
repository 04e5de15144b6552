"""A connection to a cluster of Ray's, and the line where there is none."""

from __future__ import annotations

import sys

import pytest

from ftbench.errors import BadValue, FtbenchError
from ftbench.services.launching.ray_cluster import checked_address, connected
from tests.services.launching.fake_ray import FakeRay, stand_in


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> FakeRay:
    return stand_in(monkeypatch)


def test_without_ray_the_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(FtbenchError, match=r"ray is not installed: pip install 'ftbench\[ray\]'"),
        connected("auto"),
    ):
        pass


def test_a_cluster_that_is_not_there_or_does_not_fit_is_a_line(ray: FakeRay) -> None:
    def told(address: str = "auto") -> str:
        with pytest.raises(FtbenchError) as raised, connected(address):
            pass
        return str(raised.value)

    assert told("127.0.0.1:1") == "no Ray cluster at 127.0.0.1:1: Connection refused"
    ray.refusal = ConnectionError("Could not find any running Ray instance.")
    assert told() == "no Ray cluster runs here: call this on a node of one, or give --address HOST:PORT"
    ray.refusal = RuntimeError(
        "Version mismatch: The cluster was started with:\n    Ray: 2.9\n    Python: 3.11.7\n"
    )
    assert (
        told()
        == "Ray at this machine: Version mismatch: The cluster was started with: Ray: 2.9 Python: 3.11.7"
    )


def test_an_address_is_a_host_and_a_port() -> None:
    assert checked_address(None) == checked_address("auto") == "auto"
    assert checked_address("head:6379") == "head:6379"
    for wrong in ("local", "head", "head:", ":1", "head:x", "head:99999", "ray://head:10001", ""):
        with pytest.raises(BadValue, match=r"--address '.*': give HOST:PORT"):
            checked_address(wrong)
