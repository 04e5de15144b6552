"""The page for those who run it again: commands, versions, digests, claims with their dates, the chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ftbench._version import __version__
from ftbench.domain.chain import STRANDS
from ftbench.domain.moment import moment
from ftbench.domain.study import AGAIN
from ftbench.domain.target import HELD_OUT
from ftbench.errors import UsageError
from ftbench.printable import printable
from ftbench.render.html.article import ArticleSection, Folded, ListEntry, ListHead, Listing, ListRow
from ftbench.services.claims import exported
from ftbench.services.planning.commands import example
from ftbench.services.planning.fewer import fewer_commands
from ftbench.services.publishing.evidence import Evidence
from ftbench.services.publishing.site import CLAIMS, DATABASE, PublishedSite
from ftbench.services.reporting.why import commands

_SHOWN = 40  # commands; more are in a file
COMMANDS = "commands.sh"
#: What tells surroundings of the same versions apart.
_TELLING = ("python", "threads", "git_commit", "git_dirty", "exclusive", "precision")


def put_reproduce(site: PublishedSite, found: Evidence, size: int) -> None:
    """Write the page, the claims and the commands as files.

    Args:
        site: the folder, in which the database is.
        found: what there is.
        size: of the database's file, in bytes.
    """
    claims = _put_claims(site, found)
    lead = [
        "Everything on these pages comes from one file. With it, every table can be made again; with the "
        "commands below, every run."
    ]
    sections = [
        _database(site, size, claims),
        _again(site, found),
        _versions(found),
        *_digests(found),
        _chain(found, claims),
    ]
    site.article("Reproduce", "reproduce.html", lead, sections)


def _put_claims(site: PublishedSite, found: Evidence) -> str:
    """Write the declared claims as they can be checked; their digest, "" where there are none."""
    path = site.folder.root / CLAIMS
    try:
        _, digest = exported.export(found.database, path)
    except UsageError:
        return ""
    site.folder.keep(CLAIMS)
    return digest


def _database(site: PublishedSite, size: int, claims: str) -> ArticleSection:
    facts = [("database", ListEntry(f"{DATABASE}, {size / 1e6:.1f} MB", DATABASE, download=True))]
    facts.append(("its SHA-256", ListEntry(site.folder.files[DATABASE])))
    if claims:
        facts.append(("declared claims", ListEntry(CLAIMS, CLAIMS, download=True)))
    told = [
        f"pip install ftbench=={__version__}",
        f"ftbench report --db {DATABASE}",
        f"ftbench db check --db {DATABASE}" + (f" --claims {CLAIMS}" if claims else ""),
    ]
    notes = [
        "The copy has no tokens, no folders and no names of machines: files are named without the folders "
        "that they lie in, workers by numbers, and jobs that ran when it was made are queued."
    ]
    return ArticleSection("The database", "database", facts=facts, commands=["\n".join(told)], notes=notes)


def _again(site: PublishedSite, found: Evidence) -> ArticleSection:
    """The commands that queue all jobs again; of tunings, those that declared them."""
    trials = {row.digest for row in found.rows if HELD_OUT in row.spec["task"]["evaluation"]}
    queue = fewer_commands(commands([row for row in found.rows if row.digest not in trials]))
    tune = [str(study.declared[AGAIN]) for study in found.studies if study.declared.get(AGAIN)]
    told = [*queue, *tune]
    if not told:
        return ArticleSection("Queue it again", "again", lines=["No jobs are queued in this database."])
    run = example("worker", address=found.database.address)
    site.put(COMMANDS, "\n".join([*told, run, ""]))
    notes = [
        "Jobs have the identity that they have here: queued into a copy of the database they are known, and "
        "into an empty one they are trained anew. Scores are equal to the last bit on the same machine with "
        "the same versions and number of threads. Folders and files that commands name (./NAME) are yours."
    ]
    facts = [("all of them, with the worker", ListEntry(COMMANDS, COMMANDS, download=True))]
    if len(told) > _SHOWN:
        notes.insert(0, f"The first {_SHOWN} of {len(told):,} commands.")
    return ArticleSection(
        "Queue it again", "again", facts=facts, commands=["\n".join([*told[:_SHOWN], run])], notes=notes
    )


def _versions(found: Evidence) -> ArticleSection:
    """What the runs ran with, each surroundings once."""
    counts: Counter[str] = Counter()
    known: dict[str, Mapping[str, Any]] = {}
    for facts in found.around.values():
        shared = {k: v for k, v in facts.items() if k not in ("method_digest", "began")}
        text = repr(sorted(shared.items(), key=lambda one: one[0]))
        counts[text] += 1
        known.setdefault(text, shared)
    differ = [k for k in _TELLING if len({str(facts.get(k)) for facts in known.values()}) > 1]
    folded = [
        Folded(_brief(known[text], number, differ), _pairs_of(known[text]))
        for text, number in counts.most_common()
    ]
    lines = [] if folded else ["No run has ended yet."]
    return ArticleSection("Versions and machines", "versions", lines=lines, folded=folded)


def _pairs_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(printable(name), printable(str(value))) for name, value in facts.items()]


def _brief(facts: Mapping[str, Any], runs: int, differ: Sequence[str]) -> str:
    """A machine and its versions in a line, with what tells it from others."""
    told = [f"{name} {facts[name]}" for name in ("ftbench", "torch", "transformers") if facts.get(name)]
    told += [str(facts[name]) for name in ("device", "gpu") if facts.get(name)]
    told += [f"{name.replace('_', ' ')} {str(facts.get(name, 'not known'))[:12]}" for name in differ]
    return printable(f"{runs:,} run{'' if runs == 1 else 's'}: {', '.join(told)}")


def _digests(found: Evidence) -> Iterator[ArticleSection]:
    commits: dict[tuple[str, str], set[str]] = {}
    rows: dict[tuple[str, str], int] = {}
    for row in found.rows:
        model = str(row.spec["model"]["id"]), str(row.spec["model"]["revision"])
        facts: Mapping[str, Any] = found.around.get(row.digest) or {}
        commits.setdefault(model, set()).add(str(facts.get("model_commit") or ""))
        task = row.task, str(row.spec["task"]["revision"])
        rows[task] = rows.get(task, 0) + 1
    models = [(*key, ", ".join(sorted(filter(None, told)))) for key, told in commits.items()]
    code: dict[tuple[str, str], int] = {}
    for cell in found.cells:
        if digest := found.codes.of.get(cell.digest):
            code[cell.method, digest] = code.get((cell.method, digest), 0) + 1
    listings = [
        _listing(("Model", "Revision", "Commit it was loaded from"), models),
        _listing(("Task", "Rows", "Jobs"), [(*key, f"{number:,}") for key, number in rows.items()]),
        _listing(("Method", "Digest of its code", "Jobs"), [(*key, f"{n:,}") for key, n in code.items()]),
    ]
    there = [one for one in listings if one.rows]
    if there:
        yield ArticleSection("Digests of models, rows and code", "digests", listings=there)


def _listing(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Listing:
    return Listing(
        [ListHead(text) for text in heads],
        [ListRow([ListEntry(printable(text)) for text in row]) for row in rows],
    )


def _chain(found: Evidence, claims: str) -> ArticleSection:
    """When what was declared, and whether scores and claims are as they were written down."""
    chain, ends = found.database.claims.chain(), found.database.claims.ends()
    rows = [
        (one.claim.text, moment(one.declared), "late" if one.late else one.untrue or "before its scores")
        for one in found.database.claims.list()
    ]
    wrong = [
        *chain.broken,
        *(f"{who[:40]}: {what}" for told in (chain.jobs, chain.claims) for who, what in told.items()),
    ]
    lines = [printable(line) for line in wrong] or [
        "The chain is whole: every score and claim is as it was when it was written down."
    ]
    facts = [("digest of the declared claims", ListEntry(claims))] if claims else []
    strands = [
        (f"strand {name}", f"{ends[name][0]} links, {ends[name][1] or 'no digest'}")
        for name in STRANDS
        if name in ends
    ]
    return ArticleSection(
        "Claims and the chain",
        "chain",
        lines=lines,
        facts=facts,
        listings=[_listing(("Claim", "Declared", "Standing"), rows)] if rows else [],
        folded=[Folded("Where the chain ends", strands)],
        notes=[
            "Each score and claim is a link with the digest of the link before: a number changed by hand, or "
            "a claim made after its runs, shows. Digests sent to somebody before the runs show more: that "
            "the whole chain was not made anew."
        ],
    )
