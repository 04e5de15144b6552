"""What of a step's tensors is held at once."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode


class LargeTensors(TorchDispatchMode):
    """Knows which tensors of one size are alive, however they are held, and the most there were."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size, self.peak, self.seen = size, 0, dict[int, StorageWeakRef]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for t in out if isinstance(out, tuple | list) else [out]:
            if isinstance(t, Tensor) and t.numel() == self.size:
                self.watch(t)
        self.peak = max(self.peak, self.alive())
        return out

    def watch(self, tensor: Tensor) -> None:
        ref = StorageWeakRef(tensor.untyped_storage())
        self.seen[ref.cdata] = ref

    def alive(self) -> int:
        self.seen = {key: ref for key, ref in self.seen.items() if not ref.expired()}
        return len(self.seen)
