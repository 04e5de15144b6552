"""Places: where models, data, checkpoints and plug-ins are looked for, and which variables say so."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ftbench import hub, models, settings, tasks
from ftbench.errors import FtbenchError
from ftbench.secrets import masked
from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding, homely
from ftbench.tasks import sources

AREA = "places"
_PREFIXES = ("FTBENCH_", "HF_", "TRANSFORMERS_", "OMP_", "SLURM_JOB", "NO_COLOR")


def of_places(address: str, data: str | None) -> Iterator[Finding]:
    """Whether what jobs read is where it is looked for, and what they write can be written."""
    yield from _work(address)
    yield from _cache()
    yield from _data(data)
    yield from _variables()


def _work(address: str) -> Iterator[Finding]:
    try:
        folder = settings.work_dir(address).absolute()
    except FtbenchError as error:
        yield Finding(AREA, "work folder", WRONG, str(error))
        return
    above = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    made = homely(folder) + ("" if folder.exists() else ", made when a worker starts")
    if not os.access(above, os.W_OK | os.X_OK):
        advice = "give a folder that may be written in FTBENCH_WORK"
        yield Finding(AREA, "work folder", WRONG, f"{homely(above)} may not be written", advice)
    else:
        yield Finding(AREA, "work folder", OK, made)


def _cache() -> Iterator[Finding]:
    try:
        folder = hub.cache().absolute()
    except FtbenchError as error:
        yield Finding(AREA, "Hugging Face cache", WRONG, str(error))
        return
    there = [name for name in models.names() if _downloaded(name)]
    said = f"{homely(folder)}: {', '.join(there) or 'none'} of the models that `ftbench models` lists"
    if settings.offline():
        said += "; the hub is not asked (HF_HUB_OFFLINE)"
    advice = "" if there else "`ftbench prepare --models bert-base`, where there is a network, downloads one"
    yield Finding(AREA, "Hugging Face cache", OK if there else NOTE, said, advice)


def _downloaded(name: str) -> bool:
    spec = models.find(name)
    return bool(spec.hub_id) and next(hub.snapshots(spec.hub_id), None) is not None


def _data(given: str | None) -> Iterator[Finding]:
    try:
        folder = settings.data_dir(given)
    except FtbenchError as error:
        yield Finding(AREA, "data folder", WRONG, str(error))
        return
    if folder is None:
        said = "none is named: rows come from the Hugging Face cache or the hub"
        advice = "name one in FTBENCH_DATA, if you have the official files"
        yield Finding(AREA, "data folder", NOTE, said, advice)
        return
    if not folder.is_dir():
        advice = "name a folder in FTBENCH_DATA or --data-dir"
        yield Finding(AREA, "data folder", WRONG, f"{homely(folder)} does not exist", advice)
        return
    specs = [entry.spec for entry in tasks.available() if entry.spec and not entry.spec.builtin]
    there = [spec.name for spec in specs if sources.looks_there(spec, folder)]
    lacking = [spec.name for spec in specs if spec.name not in there]
    said = f"{homely(folder)}: {', '.join(there) or 'no task'}"
    said += f"; not {', '.join(lacking)}" if there and lacking else ""
    advice = "" if there else "it needs the official layout, such as CoLA/train.tsv (`ftbench tasks cola`)"
    yield Finding(AREA, "data folder", OK if there else WRONG, said, advice)


def _variables() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.startswith(_PREFIXES):
            yield Finding(AREA, name, OK, homely(masked(os.environ[name])))
