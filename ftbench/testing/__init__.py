"""For people who write methods: drive one on any module, and check what ftbench relies on.

from ftbench.testing import check, trajectory
steps = trajectory("bidrop[k=2]", model, batches, lr=1e-3, task="classification")
results = check("./mine.py")
"""

from typing import TYPE_CHECKING

from ftbench._lazy import attach

if TYPE_CHECKING:
    from ftbench.testing.bench import Bench as Bench
    from ftbench.testing.conformance import CHECKS as CHECKS
    from ftbench.testing.conformance import CheckOutcome as CheckOutcome
    from ftbench.testing.conformance import check as check
    from ftbench.testing.drive import trajectory as trajectory

__all__ = ["CHECKS", "Bench", "CheckOutcome", "check", "trajectory"]

__getattr__, __dir__ = attach(
    __name__,
    {
        "Bench": "ftbench.testing.bench",
        "CHECKS": "ftbench.testing.conformance",
        "CheckOutcome": "ftbench.testing.conformance",
        "check": "ftbench.testing.conformance",
        "trajectory": "ftbench.testing.drive",
    },
)
