"""Trains every method on a small model of every architecture, and writes the page that says which can.

    python scripts/architectures.py            # writes docs/methods/architectures.md
    python scripts/architectures.py --check    # writes nothing; exit 1 if the page is out of date

The models have random weights and a few thousand parameters; each method makes two updates with its defaults.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import ftbench  # noqa: E402
from ftbench import methods, models  # noqa: E402
from ftbench.domain.model import ModelSpec  # noqa: E402
from ftbench.domain.suited import no_token_head  # noqa: E402
from ftbench.domain.task import TOKEN_CLASSIFICATION, RowSet, TaskSpec  # noqa: E402
from ftbench.errors import UsageError  # noqa: E402
from ftbench.methods.base import Method  # noqa: E402
from tests.nn.transformers_small import CONFIGS, DECODERS, T5, small  # noqa: E402

PAGE = ROOT / "docs" / "methods" / "architectures.md"
NOTE = "<!-- Written by scripts/architectures.py: change the code, then run it. -->"
#: Outputs of the two kinds of heads: classes, or a number.
HEADS = {"classification": 2, "regression": 1}
#: Those of heads for several labels: of a row, or of its words.
SEVERAL = {"several labels": 3, "labels of words": 3}
WORDS = TaskSpec("words", "", "", ("O", "B-X"), "", RowSet("train"), (), kind=TOKEN_CLASSIFICATION)
TITLES = {
    "bert": "BERT",
    "roberta": "RoBERTa",
    "electra": "ELECTRA",
    "deberta": "DeBERTa",
    "deberta-v2": "DeBERTa v2/v3",
    "albert": "ALBERT",
    "distilbert": "DistilBERT",
    "bart": "BART",
    "xlnet": "XLNet",
    "modernbert": "ModernBERT",
    "gpt2": "GPT-2",
    "llama": "Llama",
    "mistral": "Mistral",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3_text": "Gemma 3",
    "t5": "T5, mT5",
    "umt5": "UMT5",
}
#: Families that are built as another one.
ALIKE = {"mt5": "t5"}
#: The tables of the page: a title, and the architectures.
GROUPS = {
    "Encoders": tuple(kind for kind in CONFIGS if kind not in (*DECODERS, *T5)),
    "Decoders": DECODERS,
    "Encoders of T5": T5,
}
RECIPE = {"steps": 2, "batch_size": 4, "warmup_steps": 0, "lr": 1e-3, "dropout": 0.1}

#: What is given to a method whose defaults make many more steps.
SHORT: dict[str, dict[str, float]] = {
    "soup": {"members": 2},
    "weight_mixup": {"k": 1, "search_epochs": 0.5, "finetune_epochs": 0.5},
}


@dataclass(frozen=True)
class Cell:
    """What came of a method on an architecture with a kind of head.

    Attributes:
        refused: the method's reason, "" where it trained.
        failed: what went wrong; "" where nothing did.
    """

    method: str
    architecture: str
    head: str
    refused: str = ""
    failed: str = ""


def matrix(
    names: Iterable[str] = (), kinds: Iterable[str] = tuple(CONFIGS), heads: Iterable[str] = tuple(HEADS)
) -> list[Cell]:
    """Train every built-in method (or these) on every architecture with these kinds of heads."""
    found = methods.available()
    chosen = tuple(names) or tuple(e.name for e in found if e.source == "built-in")
    return [cell(name, kind, head) for name in chosen for kind in kinds for head in heads]


def cell(method: str | type[Method], kind: str, head: str) -> Cell:
    """Train one method on one small model: finite weights, and some that moved, or a reason."""
    name = method if isinstance(method, str) else method.name()
    words = head == "labels of words"
    lacks = no_token_head(ModelSpec(kind, "", kind, 0.0), WORDS) if words else ""
    if lacks:
        return Cell(name, kind, head, refused=lacks)
    model = small(kind, {**HEADS, **SEVERAL}[head], tokens=words)
    if head == "several labels":
        model.config.problem_type = "multi_label_classification"  # type: ignore[union-attr]
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trained = ftbench.fit(model, rows(head), method, recipe=RECIPE, **SHORT.get(name, {}))
    except UsageError as error:
        return Cell(name, kind, head, refused=str(error))
    except Exception as error:  # a method may raise anything; the page must not be written then
        return Cell(name, kind, head, failed=f"{type(error).__name__}: {error}")
    return Cell(name, kind, head, failed=wrong(before, trained))


def rows(head: str, count: int = 12) -> list[dict[str, object]]:
    """Random token ids of three lengths with random labels; each row ends with BART's end of sequence."""
    rng = np.random.default_rng(0)
    found: list[dict[str, object]] = []
    for number in range(count):
        ids = [*rng.integers(3, 30, size=4 + number % 3).tolist(), 2]
        label: object = int(rng.integers(2)) if head == "classification" else float(rng.normal())
        if head in SEVERAL:
            places = len(ids) if head == "labels of words" else 3
            label = rng.integers(3 if head == "labels of words" else 2, size=places).tolist()
        found.append({"input_ids": ids, "labels": label})
    return found


def wrong(before: dict[str, Tensor], trained: nn.Module) -> str:
    """What is wrong with a trained model; "" if nothing is."""
    after = {n.removeprefix("base_model."): p.detach() for n, p in trained.named_parameters()}
    broken = [n for n, p in after.items() if not bool(torch.isfinite(p).all())]
    if broken:
        return f"not finite: {broken[0]}"
    shared = [n for n in after if n in before]
    if not any(not torch.equal(after[n], before[n]) for n in shared):
        return "no parameter moved"
    return ""


# -- the page ---------------------------------------------------------------------------------------------


def page(cells: Sequence[Cell]) -> str:
    """The page of a matrix: a table, and one for several labels where there are such cells."""
    reasons: dict[str, int] = {}
    parts = grouped([c for c in cells if c.head in HEADS], reasons, "##")
    several = [c for c in cells if c.head in SEVERAL]
    if several:
        parts += [*told_of_several(), *grouped(several, reasons, "###")]
    notes = ["## Reasons", "\n".join(f"{number}. {reason}" for reason, number in reasons.items())]
    return "\n\n".join([NOTE, *intro(), *parts, *notes * bool(reasons)]) + "\n"


def told_of_several() -> list[str]:
    """What the page says before the tables of such heads."""
    return [
        "## Several labels",
        "The same with a head for several labels a row, each there or not, and with a head on each token, "
        "where words have labels. Losses and divergences are then those of every single prediction.",
    ]


def grouped(cells: Sequence[Cell], reasons: dict[str, int], level: str) -> list[str]:
    """A table for each group of architectures, under a heading of this level."""
    there = {c.architecture for c in cells}
    parts = []
    for title, group in GROUPS.items():
        kinds = [kind for kind in group if kind in there]
        if kinds:
            parts += [f"{level} {title}", table(cells, kinds, reasons)]
    return parts


def table(cells: Sequence[Cell], kinds: Sequence[str], reasons: dict[str, int]) -> str:
    """The table of some architectures; new reasons are added to ``reasons``."""
    lines = ["| method | " + " | ".join(TITLES.get(k, k) for k in kinds) + " |"]
    lines.append("| --- " * (len(kinds) + 1) + "|")
    for name in dict.fromkeys(c.method for c in cells):
        shown = [
            told([c for c in cells if (c.method, c.architecture) == (name, kind)], reasons) for kind in kinds
        ]
        lines.append(f"| [`{name}`]({name}.md) | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def intro() -> list[str]:
    """What the page says before its table."""
    families = {name: models.find(name).family for name in models.names()}
    named = {kind: [f"`{n}`" for n, f in families.items() if ALIKE.get(f, f) == kind] for kind in CONFIGS}
    known = [f"{TITLES[kind]}: " + ", ".join(names) for kind, names in named.items() if names]
    return [
        "# Methods and architectures",
        "Each method was trained with its defaults (`soup` and `weight_mixup` in few runs) on a small model "
        "of each architecture, with a head for classes and with one for a number. *yes*: both trained. *no*: "
        "the method refuses to be queued there, for the reason below, and a grid leaves the cell out. Other "
        "settings of a method may reach further, as its card says.",
        "Decoders classify from the last token of a text, T5 by its encoder alone "
        "([models](../models.md#decoders)). GPT-2 keeps its linear maps transposed (`Conv1D`); they are read "
        "as linear layers, so that every method finds them.",
        "Models of the registry: " + "; ".join(known) + ".",
    ]


def told(cells: Sequence[Cell], reasons: dict[str, int]) -> str:
    """One field of the table; a new reason gets the next number."""
    said = []
    for c in cells:
        if c.failed:
            said.append((c.head, "FAILED"))
        elif c.refused:
            said.append((c.head, f"no ({reasons.setdefault(c.refused, len(reasons) + 1)})"))
        else:
            said.append((c.head, "yes"))
    if len({text for _, text in said}) == 1:
        return said[0][1]
    return ", ".join(f"{head}: {text}" for head, text in said)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if out of date")
    check = parser.parse_args().check
    cells = matrix(heads=(*HEADS, *SEVERAL))
    failed = [c for c in cells if c.failed]
    for c in failed:
        print(f"{c.method} on {c.architecture}, {c.head}: {c.failed}", file=sys.stderr)
    text = page(cells)
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
    if check and stale:
        print(f"{PAGE.relative_to(ROOT)} is out of date: run scripts/architectures.py", file=sys.stderr)
    elif stale and not failed:
        PAGE.write_text(text, encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 1 if failed or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main())
