"""Everything that a doctor looks at, one area after another."""

from __future__ import annotations

from collections.abc import Iterator

from ftbench.services.doctor import gpu, machine, packages, places, store
from ftbench.services.doctor.findings import Finding


def examined(address: str, data: str | None) -> Iterator[Finding]:
    """Look at machine, packages, GPUs, places and database; nothing is changed, and the hub is not asked.

    Args:
        address: the database.
        data: the folder with data sets; None for ``FTBENCH_DATA``.
    """
    yield from machine.of_machine(address)
    yield from packages.of_packages()
    yield from gpu.of_gpus()
    yield from places.of_places(address, data)
    yield from store.of_database(address)
