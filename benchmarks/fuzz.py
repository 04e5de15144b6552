"""Fuzzing of all that comes from elsewhere: rows, events, YAML files, checkpoints and filters.

    python -m benchmarks.fuzz [--count 200000] [--seed 0] [--only rows,filters]

A case is a row, a line, a file or an expression, made from a sound one by a few changes. What it may meet is
one of our errors, in a line; never another exception, a part of a result, or a file that is opened outside of
the folder. A finding is printed with the number that makes it again: ``--seed N --count 1 --only KIND``.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks._hostile import broken_bytes, broken_json, broken_text, changed
from benchmarks._rows import Rows, report_on
from benchmarks._sound import Watch, sound

#: Cases of each kind, as parts of all.
SHARES = {"rows": 0.35, "merges": 0.005, "events": 0.3, "yaml": 0.1, "checkpoints": 0.02, "filters": 0.225}
#: Changed rows in one database, which count as so many cases, and lines that are read for one file of them.
TOGETHER, LINES = 60, 20


@dataclass
class Findings:
    """What went wrong.

    Attributes:
        done: cases by kind.
        wrong: the kind, the seed and what happened.
    """

    done: dict[str, int] = field(default_factory=dict)
    wrong: list[tuple[str, int, str]] = field(default_factory=list)


class Cases:
    """One function a kind; each makes a case from a generator of numbers and looks at what comes of it."""

    def __init__(self, folder: Path) -> None:
        """Make the sound originals."""
        from ftbench.services.scores.fields import fields

        self.folder, self._fields = folder, fields()
        self._sound, self._here = folder / "sound.db", folder / "here.db"
        self._events = sound(self._sound, 30)
        self._rows = Rows(self._sound, folder / "case.db")
        shutil.copy(self._sound, self._here)

    def rows(self, dice: random.Random) -> None:
        """A database with changed rows is read, reported, checked and worked on; the others are all there."""
        from ftbench.db import JobFilter, open_database
        from ftbench.services import jobs as service
        from ftbench.services.pruning import Prune, found

        path, touched = self._rows.changed(dice, TOGETHER)
        with open_database(str(path)) as database:
            results = database.results
            rows = database.jobs.list()
            there = {row.digest for row in rows}
            assert self._rows.digests - touched <= there, "a sound row is left out"
            for read in (results.cells, results.scores, results.values, results.past, results.codes):
                read()
            report_on(database)
            service.status(database, JobFilter())
            database.health.troubles()
            found(database, Prune())
            for row in rows[:2]:
                service.show(database, row.digest)
                service.logs(database, row.digest, 5)
                results.curves(row.digest)
                results.predictions(row.digest)
            results.losses(there)
            database.topups.list()
            database.launches.list()
            while (lease := database.jobs.claim("fuzz", 60.0)) is not None:
                database.jobs.release(lease)
                database.jobs.cancel(JobFilter(digests=(lease.digest,)))

    def merges(self, dice: random.Random) -> None:
        """A database with changed rows or bytes is merged: taken, or refused and nothing changed."""
        from ftbench.errors import FtbenchError
        from ftbench.services.exchange.merging import merge_all

        path = self._rows.changed(dice, 4)[0] if dice.randrange(3) else self.folder / "case.db"
        if not path.exists() or dice.randrange(3) == 0:
            path.write_bytes(broken_bytes(dice, self._sound.read_bytes()))
        before = _content(self._here)
        try:
            list(merge_all(str(self._here), [str(path)]))
        except FtbenchError:
            assert _content(self._here) == before, "a refused database was merged in part"
        shutil.copy(self._sound, self._here)

    def events(self, dice: random.Random) -> None:
        """A changed line of events is taken or refused; in a file, its job is recorded whole or not."""
        from ftbench.domain.events import Collector, parse
        from ftbench.metrics import score_bounds

        if not dice.randrange(LINES):
            return self._file_of_events(dice)
        event = dice.choice(self._events)
        wrong = changed(dice, event)
        line = broken_json(dice, wrong) if dice.randrange(2) else json.dumps(wrong).encode()
        collector = Collector(self._events[0]["digest"], score_bounds)
        end = collector.take(parse(line + b"\n"))
        if end is not None and end.kind == "done":
            collector.result()

    def _file_of_events(self, dice: random.Random) -> None:
        from ftbench.db import open_database
        from ftbench.errors import FtbenchError
        from ftbench.services.exchange import files

        lines = [changed(dice, event) if not dice.randrange(4) else event for event in self._events]
        if not dice.randrange(4):
            dice.shuffle(lines)
        raw = [
            broken_json(dice, line) if not dice.randrange(8) else json.dumps(line).encode() for line in lines
        ]
        path = self.folder / "case.jsonl"
        path.write_bytes(b"\n".join(raw) + b"\n" * dice.randrange(2))
        target = self.folder / "events.db"
        shutil.copy(self._sound, target)
        with open_database(str(target)) as database:
            before = {row.digest: row.state for row in database.jobs.list()}
            try:
                files.ingest(database, path)
            except FtbenchError:
                pass
            scored = {value.digest for value in database.results.values()}
            for row in database.jobs.list():
                assert (row.digest in scored) == (row.state == "done"), "a result was recorded in part"
                assert row.state in ("done", before[row.digest]), "an event changed a job's state"
            assert not database.aside, f"what was recorded cannot be read: {database.aside}"

    def yaml(self, dice: random.Random) -> None:
        """A file of flags."""
        from ftbench.cli import _config

        text = (
            "methods: [rdrop, bidrop]\ntasks: cola\nseeds: 3\nset:\n  lr: 1e-4\n  epochs: [1, 2]\nyes: true\n"
        )
        path = self.folder / "case.yaml"
        path.write_bytes(broken_text(dice, text).encode(errors="surrogatepass"))
        _config.read(str(path), ["methods", "tasks", "seeds", "set", "yes", "noise", "db"])

    def checkpoints(self, dice: random.Random) -> None:
        """A file of a checkpoint: its state as it was, or none."""
        import torch

        from ftbench.training import checkpoint

        sound = self.folder / "main.part.pt"
        if not sound.exists():
            checkpoint.save(sound, {"digest": "d", "step": 3, "model": {"w": torch.arange(64.0)}})
        path = self.folder / "case.pt"
        path.write_bytes(broken_bytes(dice, sound.read_bytes()))
        state = checkpoint.load(path, torch.device("cpu"), digest="d")
        assert state is None or isinstance(state, dict)

    def filters(self, dice: random.Random) -> None:
        """An expression: refused at a place, or the same in SQL and in memory."""
        from ftbench.db import JobFilter, open_database
        from ftbench.domain.where import holds, parse
        from ftbench.services.scores.fields import of_summary

        words = [
            *dice.sample(sorted(self._fields), 3),
            "=",
            "!=",
            "<",
            ">=",
            "in",
            "not",
            "and",
            "or",
            "(",
            ")",
        ]
        words += [",", "bidrop", "done", "'tiny'", "0.1", "1", "-3", "none", "true", *VALUES_IN_FILTERS]
        if dice.randrange(3):
            parts = [self._question(dice) for _ in range(dice.randint(1, 4))]
            text = f" {dice.choice(['and', 'or', 'and not'])} ".join(parts)
        else:
            text = " ".join(dice.choice(words) for _ in range(dice.randint(0, 12)))
        if not dice.randrange(4):
            text = broken_text(dice, text)
        where = parse(text, self._fields)
        if not dice.randrange(20):
            with open_database(str(self._sound), write=False) as database:
                told = [
                    cell.digest
                    for cell in database.results.cells()
                    if holds(where, partial(of_summary, cell))
                ]
                assert told == [row.digest for row in database.jobs.list(JobFilter(where=where))], text

    def _question(self, dice: random.Random) -> str:
        name = dice.choice(sorted(self._fields))
        value = dice.choice(["1", "0.1", "none", "bidrop", "'x y'", "true"])
        return f"{name} {dice.choice(['=', '!=', '<', '>'])} {value}"


VALUES_IN_FILTERS = ["''", '"', "9e999", "hparams.x", "ünïcode", "\x00", "x'; drop table jobs; --"]


def _content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def fuzz(count: int, seed: int, only: Sequence[str], folder: Path) -> Findings:
    """Try so many cases in a folder; interrupted, what was found so far."""
    from ftbench.errors import FtbenchError

    os.environ["XDG_STATE_HOME"] = str(folder / "state")  # where the user's own record would be
    cases, watch, findings = Cases(folder), Watch(folder), Findings()
    total = sum(SHARES[kind] for kind in only)
    for kind in only:
        trial: Callable[[random.Random], None] = getattr(cases, kind)
        number, size = max(1, round(count * SHARES[kind] / total)), TOGETHER if kind == "rows" else 1
        for at in range(seed, seed + math.ceil(number / size)):
            what = ""
            try:
                with watch.listening():
                    trial(random.Random(f"{kind} {at}"))
            except KeyboardInterrupt:
                return findings
            except FtbenchError as error:
                what = "an error of several lines" if "\n" in str(error) else ""
            except Exception:
                what = traceback.format_exc(limit=-4)
            findings.done[kind] = (at - seed + 1) * size
            if watch.opened:
                what += f"opened outside: {watch.opened[:3]}"
            if what:
                findings.wrong.append((kind, at, what))
    return findings


def main() -> int:
    """Fuzz, print the counts and the findings; 1 where there are any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(SHARES), help="kinds, with commas between")
    options = parser.parse_args()
    logging.disable()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        findings = fuzz(options.count, options.seed, options.only.split(","), Path(name))
    seen: dict[str, int] = {}
    for kind, at, what in findings.wrong:
        key = f"{kind} {what.strip().splitlines()[-1][:100]}"
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == 1:
            print(f"--- {kind}, seed {at}\n{what}")
    for key, times in seen.items():
        print(f"{times} x {key}")
    cases = ", ".join(f"{number:,} {kind}" for kind, number in findings.done.items())
    print(f"{cases}: {len(findings.wrong)} findings in {time.perf_counter() - start:.0f} s")
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
