"""A small report made by hand, with every kind of cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ftbench.render.table import BETTER, Cell, Column, Group, Report, Row, Section
from ftbench.render.tested import Tested

SHOW = ("mean", "max")
COLUMNS = (
    Column("cola", "score", "CoLA", "Matthews", SHOW, task="cola", evaluation="dev", metric="matthews"),
    Column("rte", "score", "RTE", "accuracy", SHOW, task="rte", evaluation="dev", metric="accuracy"),
    Column("average", "average", "Avg", "", SHOW),
    Column("difference", "difference", "Δ vanilla", "", SHOW, signed=True),
)


def score(mean: float, top: float, n: int = 3, planned: int = 3, **more: Any) -> Cell:
    cell = Cell(
        {"mean": mean, "max": top, "std": 0.01},
        n,
        planned,
        seeds=tuple(range(n)),
        values=(mean,) * n,
        jobs=("d",) * n,
    )
    return replace(cell, **more)


ROWS = (
    Row(
        "vanilla",
        "vanilla",
        {},
        (
            score(0.6376, 0.6555),
            score(0.7097, 0.7401),
            Cell({"mean": 0.67365, "max": 0.6978}, n=6, planned=6, tasks=("cola", "rte")),
            Cell({"mean": 0.0, "max": 0.0}, n=6, planned=6, tasks=("cola", "rte")),
        ),
    ),
    Row(
        "bidrop[k=3]",
        "bidrop",
        {"k": 3},
        (
            score(0.6494, 0.6669, best=("mean", "max")),
            score(0.7379, 0.7761, n=2, missing={"diverged": 1, "queued": 0}),
            Cell(n=5, planned=6, missing={"diverged": 1}, reduced=True),
            Cell({"mean": 0.0155, "max": -0.015}, n=5, planned=6, tasks=("cola", "rte"), reduced=True),
        ),
    ),
    Row(
        "r|drop *new*",
        "rdrop",
        {"loss": "a_b"},
        (
            score(0.6376, 0.6601),
            Cell(planned=3, missing={"queued": 2, "failed": 1}),
            Cell(n=3, planned=6, missing={"queued": 2, "failed": 1}, reduced=True),
            Cell(applies=False),
        ),
    ),
)
SECTION = Section(
    part="main",
    axis=None,
    title="Main results: bert-large · all training rows",
    caption=("How to read it.", "Recipe: batch_size=16"),
    model="bert-large",
    train_size=None,
    changed={},
    recipe={"lr": 2e-5},
    columns=COLUMNS,
    groups=(Group("", None, ROWS),),
    notes=("Incomplete cells: 2 of 6.",),
)
REPORT = Report("main", "vanilla", (SECTION,), ("A note on all.",))
GROUPED = Report(
    "robustness",
    "vanilla",
    (
        replace(
            SECTION,
            part="noise",
            axis="noise",
            groups=(Group("noise 0 %", 0.0, ROWS), Group("noise 5 %", 0.05, ROWS)),
        ),
    ),
)
#: A method that is better than the baseline on one task, its group of methods, and its runs.
MARKED = Report(
    "main",
    "vanilla",
    (
        replace(
            SECTION,
            columns=(*COLUMNS[:2], Column("group", "group", "Group"), Column("runs", "runs", "Runs")),
            groups=(
                Group(
                    "",
                    None,
                    (
                        Row(
                            "bidrop",
                            "bidrop",
                            {},
                            (
                                score(0.65, 0.66),
                                score(
                                    0.7,
                                    0.8,
                                    tested=Tested(0.06, 0.05, 0.07, 3, 0.0004, 0.01, BETTER),
                                    collapsed=1,
                                ),
                                Cell(text="ab"),
                                Cell(n=6, planned=6, text="6/6"),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
