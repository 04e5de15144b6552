"""GPUs: those that there are, and whether the torch that is installed can use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from ftbench.services.doctor.findings import NOTE, OK, WRONG, Finding
from ftbench.services.worker.machine import gpus, torch_has_cuda

AREA = "GPU"
SECONDS = 120
INSTALL = "install the build for your driver: https://pytorch.org/get-started/locally"
#: Tries each GPU as a job would, with deterministic kernels; prints a line of JSON.
_TRY = """
import json, os
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
import torch
torch.use_deterministic_algorithms(True)
found = []
for at in range(torch.cuda.device_count()):
    about = torch.cuda.get_device_properties(at)
    one = {"name": about.name, "memory": about.total_memory, "error": ""}
    try:
        torch.manual_seed(0)
        x = torch.randn(64, 64, device=f"cuda:{at}", requires_grad=True)
        (x @ x).square().mean().backward()
        one["finite"] = bool(torch.isfinite(x.grad).all())
        one["free"] = torch.cuda.mem_get_info(at)[0]
        one["bf16"] = torch.cuda.is_bf16_supported()
    except Exception as error:
        one["error"] = (str(error).strip().splitlines() or [type(error).__name__])[0]
    found.append(one)
print("FOUND" + json.dumps({"version": torch.version.cuda, "gpus": found}))
"""


def of_gpus() -> Iterator[Finding]:
    """Each GPU, tried with a product and its gradient."""
    count, hidden = gpus(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None:
        yield Finding(AREA, "CUDA_VISIBLE_DEVICES", NOTE, f"'{hidden}' says which are seen")
    if not count:
        yield Finding(AREA, "GPUs", NOTE, "none: jobs train on the CPU")
        return
    if not torch_has_cuda():
        said = f"built for the CPU alone: {count} GPU{'s' * (count > 1)} cannot be used"
        yield Finding(AREA, "torch", WRONG, said, INSTALL)
        return
    yield from _tried(count)


def _tried(count: int) -> Iterator[Finding]:
    command = [sys.executable, "-P", "-c", _TRY]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        yield Finding(AREA, "GPUs", WRONG, f"torch cannot be tried on them: {type(error).__name__}", INSTALL)
        return
    line = next((one for one in done.stdout.splitlines() if one.startswith("FOUND")), "")
    if not line:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        yield Finding(AREA, "GPUs", WRONG, f"torch cannot be tried on them: {last}", INSTALL)
        return
    told = json.loads(line.removeprefix("FOUND"))
    if len(told["gpus"]) < count:
        said = f"CUDA {told['version']} sees {len(told['gpus'])} of {count}"
        yield Finding(AREA, "driver", WRONG, said, "`nvidia-smi` says whether it is too old for this torch")
    for at, one in enumerate(told["gpus"]):
        yield _card(at, one)


def _card(at: int, one: dict[str, object]) -> Finding:
    name = f"GPU {at}"
    if one["error"]:
        return Finding(AREA, name, WRONG, f"{one['name']}: {one['error']}", "`nvidia-smi` says who uses it")
    if not one["finite"]:
        return Finding(
            AREA, name, WRONG, f"{one['name']}: a product is not finite", "have the card looked at"
        )
    memory, free = (int(str(one[key])) / 2**30 for key in ("memory", "free"))
    words = f"{one['name']}, {free:.1f} of {memory:.1f} GiB free, {'' if one['bf16'] else 'no '}bf16"
    busy = free < memory / 2
    return Finding(AREA, name, NOTE if busy else OK, words, "another program uses it" if busy else "")
