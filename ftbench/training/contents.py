"""Contents: the digest of a state of training, so that a file that was damaged is told from a sound one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def digest_of(state: object) -> str:
    """SHA-256 of a state: of its keys, its plain values, and the bytes of its tensors, in their order.

    Args:
        state: tensors on any device, plain values, and mappings, lists and tuples of those.
    """
    found = hashlib.sha256()
    _add(found, state)
    return found.hexdigest()


def _add(found: hashlib._Hash, value: object) -> None:
    if isinstance(value, Tensor):
        plain = value.detach() if value.layout is torch.strided else value.detach().to_dense()
        plain = plain.cpu().resolve_conj().resolve_neg().contiguous()
        found.update(f"tensor {plain.dtype} {tuple(plain.shape)}\n".encode())
        found.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, Mapping):
        found.update(f"mapping {len(value)}\n".encode())
        for key, inner in value.items():
            _add(found, key)
            _add(found, inner)
    elif isinstance(value, list | tuple):
        found.update(f"{'list' if isinstance(value, list) else 'tuple'} {len(value)}\n".encode())
        for inner in value:
            _add(found, inner)
    elif isinstance(value, set | frozenset):
        _add(found, sorted(map(repr, value)))
    else:
        found.update(f"{type(value).__name__} {value!r}\n".encode(errors="surrogatepass"))
