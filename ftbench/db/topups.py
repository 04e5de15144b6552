"""Topups: the plans by which seeds are added, and the looks that were taken."""

from __future__ import annotations

import builtins
import json
from typing import Any

from sqlalchemy import Row, insert, select

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
        with self._store.writing(alone=True) as transaction:
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
        """The plans in the order in which they were declared; those that cannot be read are set aside."""
        with self._store.reading() as connection:
            looks: dict[str, builtins.list[Row[Any]]] = {}
            for row in connection.execute(select(topup_looks).order_by(topup_looks.c.look)):
                looks.setdefault(row.name, []).append(row)
            found = []
            for row in connection.execute(select(topups).order_by(topups.c.declared, topups.c.name)):
                try:
                    found.append(_plan_of(row, looks.get(row.name, [])))
                except (*WRONG, Unreadable) as error:
                    told = str(error) if isinstance(error, Unreadable) else f"{error!r:.80}"
                    self._store.set_aside(f"the top-up {row.name!r:.80}", told)
            return found


def _plan_of(row: Row[Any], looks: builtins.list[Row[Any]]) -> TopupPlan:
    """The plan of a row and of those about its looks, in their order.

    Raises:
        Unreadable: they hold none; any of ``WRONG``, too.
    """
    pairs = tuple((left, right) for left, right in json.loads(row.pairs))
    seeds, sizes = tuple(json.loads(row.seeds)), tuple(json.loads(row.sizes))
    outcomes = tuple(tuple(json.loads(look.outcomes)) for look in looks)
    check_column("seed", seeds + sizes)
    check_column("value", (row.alpha, row.margin))
    check_column("label", (row.name, *(name for pair in pairs for name in pair)))
    check_column("label", tuple(word for outcome in outcomes for word in outcome))
    if not (0 < row.alpha < 1 and 0 <= row.margin < 1 and pairs and len(set(seeds)) == len(seeds)):
        raise Unreadable("it is no plan: a level, a margin, its pairs or its seeds are not what they may be")
    if not sizes or list(sizes) != sorted(set(sizes)) or not 1 <= sizes[0] <= sizes[-1] <= len(seeds):
        raise Unreadable("the sizes of its looks are not in order")
    in_order = [look.look for look in looks] == list(range(1, len(looks) + 1)) and len(looks) <= len(sizes)
    if not in_order or any(len(outcome) != len(pairs) for outcome in outcomes):
        raise Unreadable("its looks are not as many as they may be, or of other pairs")
    return TopupPlan(row.name, pairs, row.alpha, row.margin, seeds, sizes, outcomes)
