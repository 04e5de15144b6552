"""The list of declared claims with what came of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ftbench.db import Database
from ftbench.domain.moment import moment
from ftbench.render.numbers import UNDONE
from ftbench.render.sheet import Field, Sheet
from ftbench.services.claims.tested import TestedClaim, tested
from ftbench.services.planning import commands
from ftbench.stats.leaderboard import ALPHA

FIELDS = (
    Field("claim", "Claim"),
    Field("setting", "Setting"),
    Field("tasks", "Tasks"),
    Field("declared", "Declared"),
    Field("standing", "Standing", shown=False),
    Field("n", "n", "count"),
    Field("difference", "Δ", "points"),
    Field("low", "from", "points"),
    Field("high", "to", "points"),
    Field("p", "p", "p"),
    Field("p_corrected", "corrected", "p"),
    Field("verdict", "Verdict"),
    Field("undone_by", "unless", "share"),
)


def listed(database: Database, data_dir: str | None = None) -> list[Sheet]:
    """The claims of a database with their tests; those by a metric in its own unit in a list of their own.

    Args:
        database: that holds the claims.
        data_dir: as ``tested`` takes it.

    Raises:
        DatabaseError: the database cannot be read.
    """
    found = tested(database, data_dir=data_dir)
    family = sum(one.row.counts for one in found)
    notes = [
        "One-sided paired t over the seeds' averages of the tasks, in the direction of the claim; corrected: "
        f"Holm over the {family} declared claims, {ALPHA:g}. Contradicted: the same test of the opposite. "
        "Δ: the first method minus the second, in points or the metric's own unit, with a two-sided 95 % "
        "interval."
    ]
    if any(one.row.late for one in found):
        notes.append("Declared late: scores were there, so the claim is exploratory and not in the family.")
    if any(one.row.untrue for one in found):
        notes.append(
            "Not counted as declared: rows were changed by hand, so the claim is exploratory and not in the "
            "family; `ftbench db check` names them all."
        )
    if any(one.level < ALPHA for one in found):
        levels = {f"{100 * one.level:.3g} %" for one in found if one.level < ALPHA}
        notes.append(f"Seeds were topped up: such claims hold below {', '.join(sorted(levels))}.")
    if any(one.undone_by is not None for one in found):
        notes.append(UNDONE)
    for one in found:
        if not len(one.pairs) and not one.lacking:
            run = commands.for_claim(one.row.claim, database.address, one.own)
            run = commands.worker_command(database.address) if one.waiting else run
            notes.append(f"{one.row.claim.text}: fill it with: {run}")
    notes += dict.fromkeys(f"{one.row.claim.text}: {line}" for one in found for line in one.lacking)
    notes += dict.fromkeys(line for one in found for line in one.aside)
    if not found:
        return [Sheet("claims", "Declared claims", FIELDS, (), (_none(database.address),))]
    sheets = [
        Sheet(
            name,
            title,
            FIELDS,
            tuple(_row(one) for one in found if one.fraction == fraction),
            fraction=fraction,
        )
        for name, title, fraction in (
            ("claims", "Declared claims", True),
            ("claims_in_units", "Declared claims in their metric's own unit", False),
        )
    ]
    sheets = [sheet for sheet in sheets if sheet.rows]
    return [*sheets[:-1], replace(sheets[-1], notes=tuple(notes))]


def _none(address: str) -> str:
    example = commands.example("claim", "bidrop > vanilla", address=address)
    return f"Nothing is declared; declare a claim before its run, such as: {example}"


def _row(one: TestedClaim) -> dict[str, Any]:
    ends = one.interval
    return {
        "claim": one.row.claim.text,
        "setting": one.setting.title if one.setting else None,
        "tasks": ", ".join(one.tasks) or None,
        "declared": moment(one.row.declared),
        "standing": one.standing,
        "n": len(one.pairs),
        "difference": float(one.differences.mean()) if len(one.pairs) else None,
        **({"low": ends.low, "high": ends.high} if ends else {}),
        "p": one.p,
        "p_corrected": one.p_corrected,
        "verdict": one.verdict,
        "undone_by": one.undone_by,
    }
