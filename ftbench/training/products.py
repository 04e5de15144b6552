"""Matrix products on the CPU: oneDNN's, where those that torch takes are far slower.

For float32 torch asks MKL, which uses AVX-512 on Intel's processors alone. oneDNN, which torch has on board
as well, uses it everywhere: twice the speed on AMD's (docs/benchmarks.md). The choice follows from the
processor, never from a measurement, so that a machine always computes the same bits.
"""

from __future__ import annotations

import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

_library: torch.library.Library | None = None


def products_name() -> str:
    """Whose products this process computes: ``onednn`` or ``torch``."""
    return "torch" if _library is None else "onednn"


def faster_elsewhere() -> bool:
    """Whether oneDNN's products are the faster ones on this processor."""
    return (
        torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and _vendor() != "GenuineIntel"
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


def choose() -> None:
    """From here on compute this process's products with whatever is faster on this processor."""
    if faster_elsewhere():
        use_onednn()


def use_onednn() -> None:
    """From here on compute the float32 products of this process on the CPU with oneDNN."""
    global _library
    if _library is not None:
        return
    _library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a kernel is replaced is the purpose
        _library.impl("mm", _mm, "CPU")  # type: ignore[no-untyped-call]
        _library.impl("addmm", _addmm, "CPU")  # type: ignore[no-untyped-call]


def use_torch() -> None:
    """From here on compute this process's products as torch does by itself."""
    global _library
    if _library is not None:
        _library._destroy()  # type: ignore[no-untyped-call]
        _library = None


@contextmanager
def onednn() -> Iterator[None]:
    """Products of oneDNN inside the block."""
    use_onednn()
    try:
        yield
    finally:
        use_torch()


def _mm(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right``, shapes (n, k) and (k, m)."""
    if _served(left, right):
        return _product(left, right, None)
    return torch.mm(left, right, out=left.new_empty(left.shape[0], right.shape[1]))


def _addmm(added: Tensor, left: Tensor, right: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta * added + alpha * left @ right``; ``added`` is a bias of shape (m,), or broadcasts to (n, m)."""
    bias = added.ndim == 1 and added.shape[0] == right.shape[1] and beta == 1 and alpha == 1
    if bias and added.dtype == left.dtype and _served(left, right):
        return _product(left, right, added)
    out = left.new_empty(left.shape[0], right.shape[1])
    return torch.addmm(added, left, right, beta=beta, alpha=alpha, out=out)


def _served(left: Tensor, right: Tensor) -> bool:
    """Whether oneDNN takes them: float32, nothing of size 0; torch raises what is wrong."""
    return (
        left.dtype == right.dtype == torch.float32
        and left.ndim == right.ndim == 2
        and left.shape[1] == right.shape[0]
        and left.numel() > 0
        and right.numel() > 0
    )


def _product(left: Tensor, right: Tensor, bias: Tensor | None) -> Tensor:
    left, right = _packed(left), _packed(right)
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.t(), bias, "none", [], "")
    return product


def _packed(matrix: Tensor) -> Tensor:
    """Without gaps between rows or columns: oneDNN's plain loop, which serves the others, is slow."""
    return matrix if matrix.is_contiguous() or matrix.t().is_contiguous() else matrix.contiguous()


def _vendor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    vendors = [line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")]
    return vendors[0] if vendors else platform.processor()
