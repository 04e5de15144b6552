"""Data sets of the hub that no entry of ours describes: their files in the cache, or downloaded into it."""

from __future__ import annotations

import re
from pathlib import Path

from ftbench import hub
from ftbench.errors import DataMissing, OwnDataError
from ftbench.tasks.own.formats import FORMATS
from ftbench.tasks.own.place import TRAIN, OwnPlace, in_folder, split_hub_id
from ftbench.tasks.own.said import Said


def at_hub(text: str) -> OwnPlace:
    """The data set of an id.

    Raises:
        BadValue: it is no such id.
        OwnDataError: it has no files of training rows.
        DataMissing: it is not here, and cannot be had.
    """
    dataset, config, revision = split_hub_id(text)
    root, folder = _found(dataset, config, revision)
    below = folder.relative_to(root)
    files = {
        name: tuple((below / one).as_posix() for one in some) for name, some in in_folder(folder).items()
    }
    name = dataset.partition("/")[2] + (f"-{config}" if config not in ("", "default") else "")
    plain = re.sub(r"[^a-z0-9_.+-]+", "_", name.lower())
    source = f"{dataset}[{config}]@{root.name}" if config else f"{dataset}@{root.name}"
    return OwnPlace(plain, root, files, Said(), source)


def root_of(source: str) -> Path:
    """The folder on this machine with the data set of a job, downloaded where it is not there.

    Raises:
        DataMissing: it cannot be had.
    """
    return _found(*split_hub_id(source))[0]


def _found(dataset: str, config: str, revision: str) -> tuple[Path, Path]:
    """The folder of a commit, and the one below it that has the files."""
    for root in [*hub.snapshots(dataset, "dataset", revision), *_prepared(dataset, config, revision)]:
        folder = _below(root, config)
        if folder is not None:
            return root, folder
    patterns = [f"{below}*{end}" for below in _folders(config) for end in FORMATS]
    try:
        root = hub.download(dataset, "dataset", revision, patterns)
    except hub.NotThere as error:
        raise DataMissing(f"data set {dataset}: {error}") from None
    except hub.Unreachable as error:
        told = f"data set {dataset} is not in the Hugging Face cache, and {error}"
        raise DataMissing(told, away=str(error)) from None
    folder = _below(root, config)
    if folder is None:
        told = (
            f"no train files in it{f' for {config}' if config else ''}; name a configuration: {dataset}[NAME]"
        )
        raise OwnDataError(f"data set {dataset}: {told}")
    return root, folder


def _prepared(dataset: str, config: str, revision: str) -> list[Path]:
    """What ``datasets`` has prepared of it: ``owner___name/config/version/commit``."""
    above = hub.datasets_cache() / dataset.replace("/", "___") / (config or "default")
    return [one for one in sorted(above.glob("*/*")) if one.is_dir() and revision in ("main", one.name)]


def _folders(config: str) -> list[str]:
    return [f"{config}/", f"data/{config}/"] if config and config != "default" else ["", "data/", "default/"]


def _below(root: Path, config: str) -> Path | None:
    for below in (*_folders(config), ""):
        folder = root / below
        if folder.is_dir() and TRAIN in in_folder(folder):
            return folder
    return None
