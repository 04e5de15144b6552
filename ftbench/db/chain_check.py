"""Checking the chain: which links, scores and claims were changed by hand."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from ftbench.db.chain import began_of
from ftbench.db.engine import Store
from ftbench.db.tables import attempts, chain_ends, chain_links, claims, jobs, provenance, scores
from ftbench.domain.chain import (
    CLAIM_COLUMNS,
    CLAIMS,
    STRANDS,
    Link,
    LinkKind,
    content_of_claim,
    content_of_job,
)
from ftbench.domain.result import Outcome

_WRITTEN = frozenset((LinkKind.BEFORE, LinkKind.FINISH, LinkKind.INGEST, LinkKind.MERGE))
_TYPES = (str, int, str, str, str, str, float, str)


@dataclass
class Chain:
    """What was read of a chain, and how it differs from the rows.

    Attributes:
        broken: what is wrong with the links themselves, a line each.
        jobs: digest -> what was done by hand to a job's scores.
        claims: text -> what was done by hand to a claim.
        digests: (strand, sequence) -> the digest of a link.
    """

    broken: list[str] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    digests: dict[tuple[str, int], str] = field(default_factory=dict)
    _of_jobs: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))
    _of_claims: dict[str, list[Link]] = field(default_factory=lambda: defaultdict(list))
    _deleted: list[str] = field(default_factory=list)

    def untrue(self, text: str, about: Collection[str], *, late: bool) -> str:
        """Why a claim does not count as declared, by what the chain shows; "" where it does.

        Args:
            text: of the claim.
            about: the digests of its jobs.
            late: whether it says itself that there were scores before it.
        """
        if self.broken:
            return f"the chain is broken: {self.broken[0]}"
        if text in self.claims:
            return self.claims[text]
        if self._deleted:  # nobody can tell any more what it was about
            return f"job {self._deleted[0][:12]} was deleted by hand"
        ends = {} if late else self._ends_at(text)
        for digest in sorted(about):
            links, name = self._of_jobs.get(digest, []), f"job {digest[:12]}"
            if digest in self.jobs:
                return f"{name}: {self.jobs[digest]}"
            written = [link.kind in _WRITTEN for link in links]
            if any(one and other for one, other in zip(written, written[1:], strict=False)):
                return f"{name}: its scores were deleted by hand, and made again"
            if links and links[0].sequence <= ends.get(links[0].strand, (0, ""))[0]:
                return f"{name}: it had scores before"
        return ""

    def _ends_at(self, text: str) -> Mapping[str, Any]:
        """Where the strands ended when a claim was made here; {} where it was made elsewhere, or before."""
        links = self._of_claims.get(text, [])
        return _ends(links[-1]) if links and links[-1].kind == LinkKind.CLAIM else {}

    def take(self, link: Link, digest: str) -> None:
        """Keep a link."""
        self.digests[link.strand, link.sequence] = digest
        (self._of_claims if link.strand == CLAIMS else self._of_jobs)[link.subject].append(link)

    def check_ends(self) -> None:
        """See whether what was there before each claim is still there."""
        for text, links in self._of_claims.items():
            for strand, end in (pair for link in links for pair in _ends(link).items()):
                if not self.has(strand, end):
                    self.broken.append(f"strand {strand} is another one than before the claim '{text:.80}'")

    def has(self, strand: str, end: object) -> bool:
        """Whether a strand once ended so.

        Args:
            strand: one of ``STRANDS``.
            end: a number and a digest, as in ``Ends``.
        """
        if not isinstance(end, list | tuple) or len(end) != 2 or not isinstance(end[0], int):
            return False
        known = self.digests.get((strand, end[0])) if end[0] else ""
        return bool(end[1] == known)

    def compare(self, stored: Mapping[str, str], known: Collection[str], declared: Mapping[str, str]) -> None:
        """See whether the rows are what the links tell of.

        Args:
            stored: digest -> content, of the jobs with scores.
            known: digests of all jobs.
            declared: text -> content, of the claims.
        """
        for digest, told, there in _pairs(self._of_jobs, stored):
            if digest not in known:
                self.jobs[digest] = "it was deleted by hand"
                self._deleted.append(digest)
            elif told != there:
                self.jobs[digest] = f"its scores were {_change(told, there)} by hand"
        for text, told, there in _pairs(self._of_claims, declared):
            if told != there:
                self.claims[text] = f"the claim was {_change(told, there)} by hand"


def _pairs(links: Mapping[str, Sequence[Link]], there: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each subject with its content by its last link and as it is there; "" for none."""
    told = {subject: of_it[-1].content for subject, of_it in links.items()}
    for subject in sorted(told.keys() | there.keys()):
        found = subject, told.get(subject, ""), there.get(subject, "")
        if any(found[1:]):
            yield found


def _change(told: str, there: str) -> str:
    return "inserted" if not told else "deleted" if not there else "changed"


def _ends(link: Link) -> Mapping[str, Any]:
    try:
        found = json.loads(link.ends or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_chain(store: Store, connection: Connection) -> Chain:
    """Read the chain and hold it against the rows.

    Args:
        store: the database.
        connection: on which a transaction is open that sees one state throughout.
    """
    found = Chain()
    names = [chain_links.c[name] for name in (*Link._fields, "digest")]
    query = select(*names).order_by(chain_links.c.strand, chain_links.c.sequence)
    last: dict[str, tuple[int, str]] = dict.fromkeys(STRANDS, (0, ""))
    for row in store.rows_of(connection, query):
        row = (*row[:6], float(row[6]) if isinstance(row[6], int) else row[6], row[7])
        if row[0] not in last or not all(map(isinstance, row, _TYPES)):
            found.broken.append(f"a link of strand {str(row[0])[:12]!r} is unreadable")
            continue
        link, digest = Link(*row[:7]), row[7]
        number, previous = last[link.strand]
        if link.sequence != number + 1:
            found.broken.append(f"links before number {link.sequence} of strand {link.strand} were removed")
        elif link.digest(previous) != digest:
            found.broken.append(f"link {link.sequence} of strand {link.strand} was changed")
        found.take(link, digest)
        last[link.strand] = link.sequence, digest
    ends = store.rows_of(connection, select(chain_ends.c.strand, chain_ends.c.sequence, chain_ends.c.digest))
    there = {strand: (sequence, digest) for strand, sequence, digest in ends}
    other = [strand for strand in STRANDS if there.get(strand) != last[strand]]
    found.broken += [f"strand {strand} does not end where it did" for strand in other]
    found.check_ends()
    known = dict(store.rows_of(connection, select(jobs.c.digest, jobs.c.label)))
    found.compare(_stored(store, connection, known), known, _declared(store, connection))
    return found


def _stored(store: Store, connection: Connection, labels: Mapping[str, str]) -> dict[str, str]:
    """Digest -> content, of the jobs with scores; as ``chain.of_job`` makes it."""
    a, p, s = attempts.c, provenance.c, scores.c
    ok = a.outcome == str(Outcome.OK)
    tried = select(a.digest, a.started, a.ended, a.number).where(ok).order_by(a.number)
    last = {digest: rest for digest, *rest in store.rows_of(connection, tried)}
    elsewhere = select(p.digest, p.number, p.facts).join_from(
        provenance, attempts, (p.digest == a.digest) & (p.number == a.number) & ok & a.started.is_(None)
    )
    began = {row[:2]: began_of(row[2]) for row in store.rows_of(connection, elsewhere)}
    values = defaultdict(list)
    for digest, *score in store.rows_of(connection, select(s.digest, s.evaluation, s.metric, s.value)):
        values[digest].append(score)
    found = {}
    for digest, of_it in values.items():
        started, ended, number = last.get(digest, (None, None, None))
        found[digest] = content_of_job(labels.get(digest), started, ended, began.get((digest, number)), of_it)
    return found


def _declared(store: Store, connection: Connection) -> dict[str, str]:
    """Text -> content, of the claims."""
    names = ["text", *CLAIM_COLUMNS]
    rows = store.rows_of(connection, select(*(claims.c[name] for name in names)))
    found = (dict(zip(names, row, strict=True)) for row in rows)
    return {row["text"]: content_of_claim(row) for row in found}
