"""Links: digests over scores and claims, each with that of the link before, so that a change by hand shows.

A link says that something came into the database or left it: a job's scores, a claim. It holds a digest of
the content, and its own digest is over all of that and over the digest of the link before. The links of jobs
lie in sixteen strands, by the first digit of a job's digest, those of claims in a strand of their own, and
the link of a claim names the ends that all strands of jobs had. What stands behind such an end came later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

#: The strand of claims, and those of jobs.
CLAIMS = "claims"
JOBS = tuple("0123456789abcdef")
STRANDS = (*JOBS, CLAIMS)

#: Stands in what is sealed for what only the database knows; no text that a database holds has a NUL.
GAP = "\0"

#: What a claim says, and when; not where files lie on this machine, which may change.
CLAIM_COLUMNS = "better worse models tasks noise reduction perturbation train_sizes declared scored".split()

#: Strand -> the number and the digest of its last link; (0, "") where there is none.
Ends = Mapping[str, tuple[int, str]]


class LinkKind(StrEnum):
    """What a link tells of."""

    BEFORE = "before"  # it was there before the chain was
    FINISH = "finish"
    INGEST = "ingest"
    MERGE = "merge"
    RESTART = "restart"
    CLAIM = "claim"
    WITHDRAW = "withdraw"


class Link(NamedTuple):
    """A link without its own digest.

    Attributes:
        strand: one of ``STRANDS``.
        sequence: its number in the strand, from 1.
        kind: what it tells of.
        subject: the digest of a job, or the text of a claim.
        content: the digest of the job's scores or of the claim; "" where they went.
        ends: JSON of the ``Ends`` of the jobs' strands at that time, of a claim; "" of others.
        time: seconds since 1970, by the database's clock.
    """

    strand: str
    sequence: int
    kind: str
    subject: str
    content: str
    ends: str
    time: float

    def digest(self, previous: str) -> str:
        """Its digest, in hexadecimal.

        Args:
            previous: that of the link before; "" where it is the first of its strand.
        """
        return sealed([previous, *self])


def strand_of(digest: str) -> str:
    """The strand of a job."""
    return digest[:1] if digest[:1] in JOBS else JOBS[0]


def sealed(content: object) -> str:
    """The SHA-256 of something's JSON, in hexadecimal; of what is no JSON, of how Python writes it."""
    return sha256(json.dumps(content, separators=(",", ":"), default=repr).encode()).hexdigest()


def sealed_around(content: object) -> list[str]:
    """The JSON that ``sealed`` takes the digest of, in the pieces around each ``GAP``."""
    return json.dumps(content, separators=(",", ":"), default=repr).split(json.dumps(GAP))


def content_of_job(
    label: object, started: object, ended: object, began: object, scores: Iterable[Sequence[object]]
) -> str:
    """The digest of what a job is evidence of, as the database has it.

    Args:
        label: the method as tables show it, by which claims name it.
        started: when the attempt began that the scores are of; None where it was elsewhere.
        ended: when it ended.
        began: when it began elsewhere, by the clock there; None where it was here or is not known.
        scores: evaluation set, metric and value of each, in any order.
    """
    return sealed(told_of_job(label, started, ended, began, scores))


def told_of_job(
    label: object, started: object, ended: object, began: object, scores: Iterable[Sequence[object]]
) -> list[object]:
    """What ``content_of_job`` is the digest of."""
    told = sorted([str(evaluation), str(metric), _number(value)] for evaluation, metric, value in scores)
    return [label, _number(started), _number(ended), _number(began), told]


def content_of_claim(row: Mapping[str, Any]) -> str:
    """The digest of a claim's row; see ``CLAIM_COLUMNS``."""
    return sealed([_number(row[name]) for name in CLAIM_COLUMNS])


def _number(value: object) -> str | object:
    """A number in one way of writing: systems differ in whether a whole one comes back as an integer."""
    return repr(float(value)) if isinstance(value, int | float) and abs(value) < 1e300 else value
