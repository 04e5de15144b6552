"""What a file of weights holds: names and shapes, read without a library and without running anything."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ftbench.errors import ModelError

_OF_WEIGHTS = frozenset(("torch", "numpy", "collections", "builtins", "__builtin__", "_codecs"))
Shapes = Mapping[str, tuple[int, ...]]
_POINTER = b"version https://git-lfs"
_LORA = (".lora_A.", ".lora_B.", ".lora_embedding_A", ".base_layer.", ".modules_to_save.")
_NESTED = ("state_dict", "model_state_dict", "model")
#: Matrices that give a classifier's outputs, as the architectures name them.
_OUTPUTS = (
    "classifier.out_proj.weight",
    "classification_head.out_proj.weight",
    "classifier.weight",
    "logits_proj.weight",
    "score.weight",
)


def shapes(paths: list[Path]) -> dict[str, tuple[int, ...]]:
    """The tensors of one model's files of weights; indices of parts (``*.json``) are passed over.

    Raises:
        ModelError: a file is a Git LFS pointer, empty, cut off or no file of weights, it holds something
            else than a model's weights, or lacks what its index says it holds; says what.
    """
    found: dict[str, tuple[int, ...]] = {}
    told: dict[str, str] = {}
    for path in paths:
        if path.suffix == ".json":
            told |= _index(path)
            continue
        try:
            found |= _of_file(path)
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror or error}") from None
    absent = next((name for name in told if name not in found), None)
    if absent is not None:
        raise ModelError(f"{paths[0].parent / told[absent]} lacks {absent}, which its index says it holds")
    wrapped = next((name for name in found if any(part in f".{name}" for part in _LORA)), None)
    if wrapped is not None:
        raise ModelError(
            f"{paths[0]} holds a model wrapped by LoRA ({wrapped}): merge the adapter first"
            " (peft: merge_and_unload) and save the result"
        )
    return found


def prefix(names: Shapes, base: str) -> str:
    """What a wrapper (DataParallel, ``torch.compile``, a module of one's own) put before every name.

    Args:
        names: of the tensors.
        base: what the architecture calls its encoder (``bert``, ``model``), before which nothing belongs.

    Returns:
        ``module.``, say, or "" where nothing is to be taken off.
    """
    split = [name.split(".") for name in names]
    before: Counter[str] = Counter()
    for parts in split:
        if base in parts[:-1]:
            at = parts.index(base)
            while parts[at + 1 : at + 2] == [base]:  # a wrapper that calls what it wraps by the same name
                at += 1
            before["".join(f"{part}." for part in parts[:at])] += 1
    if before:
        return before.most_common(1)[0][0]
    shared: list[str] = []
    for level in zip(*(parts[:-1] for parts in split), strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "".join(f"{part}." for part in shared) if len(split) > 1 else ""


def outputs(names: Shapes, before: str, *, linear: bool = False) -> int:
    """The width of the classification head in a checkpoint; 0 where there is none.

    Args:
        names: the tensors and their shapes.
        before: the prefix of every name.
        linear: whether only a head of one linear layer, ``classifier``, can be kept (T5).
    """
    for name in ("classifier.weight",) if linear else _OUTPUTS:
        shape = names.get(before + name)
        if shape is not None and len(shape) == 2:
            return shape[0]
    return 0


def without_biases(names: Shapes) -> bool:
    """Whether layers are numbered, and none of them has a bias."""
    layers = [name for name in names if any(part.isdecimal() for part in name.split("."))]
    return bool(layers) and not any(name.endswith("bias") for name in layers)


def numbered_layers(names: Shapes) -> frozenset[int]:
    """The numbers of the layers of the tallest stack; empty where the names do not number them."""
    stacks: dict[str, set[int]] = {}
    for name in names:
        parts = name.split(".")
        for at, part in enumerate(parts[1:], start=1):
            if part.isdecimal() and parts[at - 1] in ("layer", "layers", "h", "block", "blocks"):
                stacks.setdefault(".".join(parts[:at]), set()).add(int(part))
                break
    tallest: set[int] = max(stacks.values(), key=len, default=set())
    return frozenset(tallest)


def _index(path: Path) -> dict[str, str]:
    """Tensor -> file, as an index of parts says; nothing where it says nothing of the kind."""
    try:
        return {str(name): str(part) for name, part in json.loads(path.read_bytes())["weight_map"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _of_file(path: Path) -> dict[str, tuple[int, ...]]:
    size = path.stat().st_size
    if not size:
        raise ModelError(f"{path} is empty: copy or download it again")
    with path.open("rb") as file:
        begin = file.read(len(_POINTER))
        file.seek(0)
        if begin == _POINTER:
            raise ModelError(f"{path} is a Git LFS pointer, not weights: fetch them (git lfs pull)")
        return _safetensors(path, file, size) if path.suffix == ".safetensors" else _pickled(path, file)


def _safetensors(path: Path, file: IO[bytes], size: int) -> dict[str, tuple[int, ...]]:
    try:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > size - 8:
            raise ValueError
        header = json.loads(file.read(length))
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        found = {name: tuple(int(n) for n in entry["shape"]) for name, entry in tensors.items()}
        end = 8 + length + max((int(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise ModelError(f"{path} is cut off or no safetensors file: copy or download it again") from None
    if not found:
        raise ModelError(f"{path} holds no tensors")
    if end > size:
        raise ModelError(f"{path} is cut off: it has {size:,} of {end:,} bytes; copy or download it again")
    return found


class _Tensor:
    """Stands for a tensor: its shape alone."""

    def __init__(self, *arguments: object) -> None:
        """Take what torch would rebuild a tensor from: storage, offset, shape, strides, …."""
        sizes = arguments[2] if len(arguments) > 2 else ()
        self.shape = tuple(int(n) for n in sizes) if isinstance(sizes, tuple) else ()


class _Unknown:
    """Stands for whatever else a file names; nothing of it is run."""

    def __init__(self, *arguments: object) -> None:
        """Forget the arguments."""

    def __call__(self, *arguments: object) -> _Unknown:
        """Make another one."""
        return _Unknown()

    def __setstate__(self, state: object) -> None:
        """Forget the state."""

    def __setitem__(self, key: object, value: object) -> None:
        """Forget an entry of a dictionary of another kind."""

    def extend(self, entries: object) -> None:
        """Forget the entries of a list of another kind."""


class _Foreign(Exception):
    """The file names what no file of weights needs."""


class _Names(pickle.Unpickler):
    """Reads names and shapes; every class of the file but a dictionary is replaced by a stand-in."""

    def find_class(self, module: str, name: str) -> object:
        """A dictionary, or a stand-in.

        Raises:
            _Foreign: it is of no library of weights: torch would refuse it.
        """
        if module.partition(".")[0] not in _OF_WEIGHTS:
            raise _Foreign(f"{module}.{name}")
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if name.startswith("_rebuild_tensor"):
            return _Tensor
        return _first if name == "_rebuild_parameter" else _Unknown

    def persistent_load(self, identity: object) -> None:
        """The values of a tensor are left where they are."""


def _first(first: object, *rest: object) -> object:
    return first


def _pickled(path: Path, file: IO[bytes]) -> dict[str, tuple[int, ...]]:
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as whole:
                name = next(n for n in whole.namelist() if n.endswith("data.pkl"))
                with whole.open(name) as inside:
                    read = _Names(inside).load()
        else:  # torch before 1.6: a magic number, a version, the machine, and then the weights
            file.seek(0)
            for _ in range(4):
                read = _Names(file).load()
    except _Foreign as error:
        raise ModelError(
            f"{path} is a pickle that holds more than tensors ({error}): save the weights as safetensors"
        ) from None
    except Exception:
        raise ModelError(f"{path} is cut off or no file of weights: copy or download it again") from None
    if isinstance(read, Mapping):
        nested = next((key for key in _NESTED if isinstance(read.get(key), Mapping)), None)
        if nested is not None:
            raise ModelError(f"{path} is a checkpoint of training: save its '{nested}' alone as the weights")
        tensors = {str(name): value.shape for name, value in read.items() if isinstance(value, _Tensor)}
        if tensors:
            return tensors
    raise ModelError(f"{path} holds no tensors by name")
