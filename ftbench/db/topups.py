"""Topups: the plans by which seeds are added, and the looks that were taken."""

from __future__ import annotations

import builtins
import json

from sqlalchemy import insert, select

from ftbench.db.checked import Unreadable, check_column
from ftbench.db.engine import Store
from ftbench.db.tables import topup_looks, topups
from ftbench.domain.topup import TopupPlan

WRONG = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # of a text that is not our JSON


class Topups:
    """The tables ``topups`` and ``topup_looks``."""

    def __init__(self, store: Store) -> None:
        """Work on an open database."""
        self._store = store

    def record(self, plan: TopupPlan) -> None:
        """Write a plan and its looks, as far as they are not there; what is there never changes."""
        with self._store.writing() as transaction:
            connection = transaction.connection
            known = {text for text in connection.scalars(select(topups.c.name))}
            if plan.name not in known:
                connection.execute(
                    insert(topups).values(
                        name=plan.name,
                        pairs=json.dumps(plan.pairs),
                        alpha=plan.alpha,
                        margin=plan.margin,
                        seeds=json.dumps(plan.seeds),
                        sizes=json.dumps(plan.sizes),
                        declared=transaction.now(),
                    )
                )
            looks = select(topup_looks.c.look).where(topup_looks.c.name == plan.name)
            there = set(connection.scalars(looks))
            for look, outcome in enumerate(plan.outcomes, start=1):
                if look not in there:
                    row = {"name": plan.name, "look": look, "outcomes": json.dumps(outcome)}
                    connection.execute(insert(topup_looks).values(**row, taken=transaction.now()))

    def list(self) -> builtins.list[TopupPlan]:
        """The plans in the order in which they were declared."""
        with self._store.reading() as connection:
            looks: dict[str, builtins.list[tuple[str, ...]]] = {}
            for row in connection.execute(select(topup_looks).order_by(topup_looks.c.look)):
                try:
                    outcomes = tuple(json.loads(row.outcomes))
                except WRONG as error:
                    self._store.set_aside(f"a look at the top-up {row.name!r:.80}", f"{error!r:.80}")
                    continue
                looks.setdefault(row.name, []).append(outcomes)
            found = []
            for row in connection.execute(select(topups).order_by(topups.c.declared, topups.c.name)):
                try:
                    pairs = tuple((left, right) for left, right in json.loads(row.pairs))
                    seeds, sizes = tuple(json.loads(row.seeds)), tuple(json.loads(row.sizes))
                    check_column("seed", seeds + sizes)
                    check_column("value", (row.alpha, row.margin))
                    check_column("label", (row.name, *(name for pair in pairs for name in pair)))
                except (*WRONG, Unreadable) as error:
                    self._store.set_aside(f"the top-up {row.name!r:.80}", f"{error!r:.80}")
                    continue
                own = tuple(looks.get(row.name, []))
                found.append(TopupPlan(row.name, pairs, row.alpha, row.margin, seeds, sizes, own))
            return found
