"""The chain: what came into the database and left it, so that a change by hand shows.

What it is for: a claim counts as declared where the scores of its jobs were not there when it was made, and
have not been changed since. ``domain/chain.py`` says what a link holds; ``chain_check.py`` reads them.

Why not one chain: a link needs the digest of the link before, so whoever appends must wait until the one
before has committed, and every commit waits for the disk. All ends of jobs in all workers would come one
after the other. What must be shown needs less: the order of a job's own links, and on which side of a claim
each of them lies. So the jobs' links lie in sixteen strands, by the first digit of the job's digest, and two
ends of jobs wait for each other in one case of sixteen; a claim, which is rare, names the ends of all strands
and so puts what was there before it, in any strand, under its own digest. It locks none of them: an end that
commits meanwhile is behind it, and its scores were not to be seen.

No two transactions wait for each other for ever: the links are appended by the last statements of a
transaction, strand after strand in one order, and who holds the end of a strand asks for nothing else.

A chain that was damaged never keeps a result from being recorded: whoever appends goes on at its end, and the
damage stays to be seen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.db.engine import Transaction
from ftbench.db.statements import LINK
from ftbench.domain.chain import (
    CLAIMS,
    JOBS,
    STRANDS,
    Ends,
    Link,
    LinkKind,
    content_of_claim,
    content_of_job,
    strand_of,
)

#: The ends of all strands.
ENDS = "SELECT strand, sequence, digest FROM chain_ends"
_INSERT = f"{LINK} VALUES (:strand, :sequence, :kind, :subject, :content, :ends, :time, :digest)"
#: Takes the row's lock, where rows have one.
_HOLD = "UPDATE chain_ends SET digest = digest WHERE strand = :strand"
_END = "SELECT digest FROM chain_ends WHERE strand = :strand"
_LAST = "SELECT sequence FROM chain WHERE strand = :strand ORDER BY sequence DESC LIMIT 1"
_COUNTED = (
    "SELECT coalesce(max(sequence), 0) FROM chain WHERE strand = :strand AND sequence BETWEEN 0 AND 1e15"
)
_MOVE = "UPDATE chain_ends SET sequence = :sequence, digest = :digest WHERE strand = :strand"
_MAKE = "INSERT INTO chain_ends (strand, sequence, digest) VALUES (:strand, :sequence, :digest)"
_ATTEMPT = (
    "SELECT jobs.label, attempts.started, attempts.ended, attempts.number FROM jobs "
    "JOIN attempts ON attempts.digest = jobs.digest AND attempts.outcome = 'ok' "
    "WHERE jobs.digest = :digest ORDER BY attempts.number DESC LIMIT 1"
)
_SCORES = "SELECT evaluation, metric, value FROM scores WHERE digest = :digest"
_FACTS = "SELECT facts FROM provenance WHERE digest = :digest AND number = :number"


class News(NamedTuple):
    """What a link is to tell of."""

    strand: str
    kind: LinkKind
    subject: str
    content: str = ""
    ends: str = ""


def append(transaction: Transaction, news: Iterable[News]) -> None:
    """Append links, as the last thing that a transaction does."""
    by_strand: dict[str, list[News]] = defaultdict(list)
    for one in news:
        by_strand[one.strand].append(one)
    now = transaction.now() if by_strand else 0.0
    for strand in STRANDS:
        if strand in by_strand:
            _append_to(transaction, strand, by_strand[strand], now)


def _append_to(transaction: Transaction, strand: str, news: Sequence[News], now: float) -> None:
    if not transaction.run(_HOLD, strand=strand):  # somebody has deleted it
        transaction.run(_MAKE, strand=strand, sequence=0, digest="")
    (digest,) = transaction.one(_END, strand=strand)
    (last,) = transaction.one(_LAST, strand=strand) or (0,)
    if not isinstance(last, int):
        (last,) = transaction.one(_COUNTED, strand=strand)
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(news, start=int(last) + 1):
        link = Link(strand, at, str(one.kind), one.subject, one.content, one.ends, now)
        digest = link.digest(str(digest))
        rows.append({**link._asdict(), "digest": digest})
    transaction.many(_INSERT, rows)
    transaction.run(_MOVE, strand=strand, sequence=rows[-1]["sequence"], digest=digest)


def of_job(transaction: Transaction, kind: LinkKind, digest: str) -> News:
    """A link about a job's scores as they are there now."""
    label, started, ended, number = transaction.one(_ATTEMPT, digest=digest) or (None,) * 4
    began = None
    if started is None:
        found = transaction.one(_FACTS, digest=digest, number=number)
        began = began_of(found[0]) if found else None
    scores = transaction.all(_SCORES, digest=digest)
    content = content_of_job(label, started, ended, began, scores) if scores else ""
    return News(strand_of(digest), kind, digest, content)


def gone(kind: LinkKind, subject: str) -> News:
    """A link that says that a job's scores, or a claim, went as they should."""
    return News(CLAIMS if kind is LinkKind.WITHDRAW else strand_of(subject), kind, subject)


def of_claim(kind: LinkKind, row: Mapping[str, Any], ends: Ends) -> News:
    """A link about a claim.

    Args:
        kind: claim or merge.
        row: as it is in the database now.
        ends: as ``ends_of`` gives them.
    """
    told = {strand: ends[strand] for strand in JOBS if strand in ends}
    return News(CLAIMS, kind, row["text"], content_of_claim(row), json.dumps(told, separators=(",", ":")))


def ends_of(transaction: Transaction) -> Ends:
    """Where each strand ends now."""
    return {strand: (sequence, digest) for strand, sequence, digest in transaction.all(ENDS)}


def began_of(facts: object) -> object:
    """When an attempt began elsewhere, as its facts say; None where they do not."""
    try:
        told = json.loads(facts) if isinstance(facts, str) else None
    except (ValueError, RecursionError):
        return None
    return told.get("began") if isinstance(told, dict) else None
