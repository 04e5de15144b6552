"""From a model of a job to a folder with its weights on this machine."""

from __future__ import annotations

from pathlib import Path

from ftbench import hub
from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError, ModelMissing, UnknownName
from ftbench.models import folder as folders
from ftbench.models import registry
from ftbench.models.resolve import FOLDER, packaged


def locate(ref: ModelRef) -> Path:
    """The folder with a model's configuration, weights and tokenizer; downloaded where it has to be.

    Of a model of the hub, the folder's name is the commit.

    Raises:
        ModelMissing: it is neither here nor to be downloaded; says what ``ftbench prepare`` would do.
        ModelError: the folder holds other weights than the job wants.
    """
    repository = hub_id(ref)
    if not repository:
        return _folder(ref)
    found = cached(ref)
    return found if found is not None else download_weights(ref)


def hub_id(ref: ModelRef) -> str:
    """The model's name on the hub; "" where it is not from there."""
    try:
        return registry.find(ref.id).hub_id
    except UnknownName:
        return "" if ref.id.startswith(FOLDER) else ref.id


def cached(ref: ModelRef) -> Path | None:
    """The snapshot of a model of the hub in the cache, if it is there whole."""
    for place in hub.snapshots(hub_id(ref), "model", ref.revision):
        try:
            folders.weight_files(place)
        except ModelError:
            continue
        return place
    return None


def away(ref: ModelRef) -> str:
    """Why a model of the hub that is not in the cache cannot be downloaded now; "" where it may be."""
    try:
        hub.files(hub_id(ref), "model", ref.revision)
    except hub.Unreachable as error:
        return str(error)
    except hub.NotThere:
        pass  # its jobs will say so
    return ""


def download_weights(ref: ModelRef) -> Path:
    """Download a model of the hub: configuration, tokenizer, and one copy of the weights.

    Raises:
        ModelMissing: the hub cannot be reached, or has no such model.
    """
    repository = hub_id(ref)
    try:
        names = hub.files(repository, "model", ref.revision)
        place = hub.download(repository, "model", ref.revision, wanted_files(names))
    except hub.NotThere as error:
        raise ModelMissing(f"model {ref.id}: {error}") from None
    except hub.Unreachable as error:
        at = "" if ref.revision == "main" else f"@{ref.revision}"
        raise ModelMissing(
            f"model {ref.id}: {repository}{at} is not in the Hugging Face cache, and {error};"
            f" `ftbench prepare --models {ref.id}{at}` downloads it where there is a network",
            away=str(error),
        ) from None
    folders.weight_files(place)
    return place


def wanted_files(names: list[str]) -> list[str]:
    """Which files of a repository to download: one copy of the weights, none of other frameworks."""
    top = [name for name in names if "/" not in name]
    safe = [
        n for n in top if n.startswith("model") and n.endswith((".safetensors", ".safetensors.index.json"))
    ]
    pickled = [n for n in top if n.startswith("pytorch_model") and n.endswith((".bin", ".bin.index.json"))]
    return [name for name in top if name == folders.CONFIG or folders.decides_tokens(name)] + (
        safe or pickled
    )


def _folder(ref: ModelRef) -> Path:
    if ref.id.startswith(FOLDER):
        if ref.path is None:
            raise ModelMissing(f"model {ref.id}: its folder is not known on this machine")
        place = Path(ref.path)
    else:
        place = packaged(ref.id)
    found = folders.digest(place)
    if found != ref.revision:
        raise ModelError(
            f"model {ref.id}: the weights in {place} are {found}, but the job wants {ref.revision}"
        )
    return place
