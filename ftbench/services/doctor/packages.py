"""The packages that ftbench is written for, and those that it can do without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding
from ftbench.services.worker.machine import code_version, versions

AREA = "packages"
#: Extra -> what it is for; those for working on ftbench itself are not looked at.
EXTRAS = {
    "plots": "plots as SVG, PNG and PDF",
    "minilm": "the model minilm, which needs no hub",
    "postgres": "databases on a PostgreSQL server",
    "ray": "`ftbench launch ray`",
    "serve": "the live board, `ftbench serve`",
    "tune": "`ftbench tune --sampler tpe`",
    "tensorboard": "`--track tensorboard`",
    "mlflow": "`--track mlflow`",
    "wandb": "`--track wandb`",
    "trackio": "`--track trackio`",
}


def of_packages() -> Iterator[Finding]:
    """Whether each is there, in a version that it is written for."""
    code = code_version()
    commit = f", commit {str(code['git_commit'])[:12]}" if code else ""
    changed = ", changed since" if code.get("git_dirty") else ""
    yield Finding(AREA, "ftbench", OK, f"{versions()['ftbench']}{commit}{changed}")
    plain, extra = _requirements()
    for one in plain:
        yield _looked_at(one)
    for name, what in EXTRAS.items():
        wanted = extra.get(name, [])
        lacking = [one for one in wanted if _version(one.name) is None]
        if lacking:
            command = f"pip install 'ftbench[{name}]'"
            yield Finding(AREA, name, NOTE, f"not installed: {what}", f"{command}, where it is wanted")
        else:
            yield from map(_looked_at, wanted)


def _requirements() -> tuple[list[Requirement], dict[str, list[Requirement]]]:
    """What every user needs, and what an extra brings."""
    plain: list[Requirement] = []
    extra: dict[str, list[Requirement]] = {}
    for line in metadata.requires("ftbench") or ():
        try:
            one = Requirement(line)
        except InvalidRequirement:
            continue
        named = re.search(r"""extra\s*==\s*['"]([^'"]+)""", str(one.marker or ""))
        if named:
            extra.setdefault(named[1], []).append(one)
        elif one.marker is None or one.marker.evaluate():
            plain.append(one)
    return plain, extra


def _looked_at(one: Requirement) -> Finding:
    found = _version(one.name)
    install = f"pip install '{one.name}{one.specifier}'"
    if found is None:
        needed = f"not installed; {one.specifier or 'any version'} is needed"
        return Finding(AREA, one.name, WRONG, needed, install)
    if not one.specifier.contains(found, prereleases=True):
        return Finding(AREA, one.name, WRONG, f"{found}; {one.specifier} is needed", install)
    return Finding(AREA, one.name, OK, found)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
