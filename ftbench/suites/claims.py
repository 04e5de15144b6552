"""What the papers claim of their own tables, as data: who should be above whom, where, and in what.

Every claim is one of order: a method against each of its rivals, over the columns that go into the average of
the blocks that it names.
"""

from __future__ import annotations

from dataclasses import dataclass

SCORE, SPREAD, DROP = "score", "spread", "drop"


@dataclass(frozen=True)
class PrintedClaim:
    """A headline of a paper.

    Attributes:
        suite: the table that it is about.
        text: in the paper's words, or close to them.
        method: the method that is claimed to be ahead.
        rivals: the methods that it is compared with; () for all others of the table.
        measure: ``score``: a higher average; ``spread``: a smaller standard deviation over seeds; ``drop``: a
            smaller drop against the clean run.
        settings: the blocks, by the protocol of their printed numbers; () for all.
    """

    suite: str
    text: str
    method: str
    rivals: tuple[str, ...] = ()
    measure: str = SCORE
    settings: tuple[str, ...] = ()


_NOISE = ("noise=0.05", "noise=0.1", "noise=0.15")
_REDUCTION = ("reduction=0.7", "reduction=0.6", "reduction=0.5")

CLAIMS = (
    PrintedClaim("bidrop/table2", "Bi-Drop is better than all prior methods on average", "bidrop"),
    PrintedClaim(
        "bidrop/table3", "Bi-Drop is better than vanilla fine-tuning on every model", "bidrop", ("vanilla",)
    ),
    PrintedClaim("bidrop/table4", "Bi-Drop generalises best out of domain", "bidrop"),
    PrintedClaim("bidrop/table5", "Bi-Drop scores highest under label noise", "bidrop", settings=_NOISE),
    PrintedClaim(
        "bidrop/table5", "Bi-Drop has the smallest drop under label noise", "bidrop", (), DROP, _NOISE
    ),
    PrintedClaim("bidrop/table5", "Bi-Drop is best on a minority class", "bidrop", settings=_REDUCTION),
    PrintedClaim("bidrop/table6", "Bi-Drop is best with few training rows", "bidrop"),
    PrintedClaim("bidrop/table10", "Doubling the batch is no match for Bi-Drop", "bidrop"),
    PrintedClaim(
        "bidrop/figure3", "Bi-Drop's representations transfer better than vanilla's", "bidrop", ("vanilla",)
    ),
    PrintedClaim("bidrop/figure4", "Bi-Drop varies least over seeds", "bidrop", (), SPREAD),
    PrintedClaim("dps/table1", "DPS Mix is better than all prior methods on average", "dps_mix"),
    PrintedClaim("dps/table1", "DPS Mix has the smallest standard deviation", "dps_mix", (), SPREAD),
    PrintedClaim(
        "dps/table2", "DPS Dense generalises better than vanilla out of domain", "dps_dense", ("vanilla",)
    ),
    PrintedClaim(
        "dps/table3", "DPS Mix is better than vanilla with few training rows", "dps_mix", ("vanilla",)
    ),
    PrintedClaim("dps/table4", "DPS Mix is better than vanilla on five models", "dps_mix", ("vanilla",)),
    PrintedClaim("dps/table5", "DPS Dense is better with sufficient rows, too", "dps_dense", ("vanilla",)),
    PrintedClaim("blo/table8", "The weight mixup is best with few training rows", "weight_mixup"),
    PrintedClaim(
        "blo/table3", "The weight mixup is better than all prior methods on average", "weight_mixup"
    ),
    PrintedClaim(
        "blo/table3", "The weight mixup has the smallest standard deviation", "weight_mixup", (), SPREAD
    ),
    PrintedClaim(
        "blo/table2", "The weight mixup is better than vanilla on five models", "weight_mixup", ("vanilla",)
    ),
    PrintedClaim("blo/table9", "The weight mixup is better than parameter-efficient methods", "weight_mixup"),
    PrintedClaim("blo/table10", "The weight mixup is better than a model soup", "weight_mixup", ("soup",)),
)


def claims_of(suite: str) -> tuple[PrintedClaim, ...]:
    """The claims about a suite."""
    return tuple(claim for claim in CLAIMS if claim.suite == suite)
