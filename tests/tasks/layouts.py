"""Small data folders in the layouts that users have; every sentence is made up."""

from __future__ import annotations

from pathlib import Path

from ftbench.domain.task import HubSplit, RowSet, TaskSpec, TsvFile


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(("\n".join(lines) + end).encode())
    return path


def cola(folder: Path) -> Path:
    write(
        folder / "CoLA/train.tsv",
        "me\t1\t\tThe dog sleeps.",
        "me\t0\t*\tThe dog sleep the.",
        "me\t1\t\tWe ran.",
    )
    write(folder / "CoLA/dev.tsv", "me\t0\t*\tRan we did not it.", "me\t1\t\tIt rains.", end="")
    return folder


def mnli(folder: Path) -> Path:
    wide = "index\tgenre\tsentence1\tsentence2\tlabel1\tlabel2\tgold_label"
    write(
        folder / "MNLI/train.tsv", "index\tsentence1\tsentence2\tgold_label", "0\tA\tB\tneutral", "1\tC\tD\t-"
    )
    write(folder / "MNLI/dev_matched.tsv", wide, "0\tg\tA\tB\t\t\tcontradiction", "1\tg\tC\tD\t\t\t")
    write(folder / "MNLI/dev_mismatched.tsv", wide, "0\tg\tE\tF\t\t\tentailment")
    return folder


def pairs(name: str = "pairs", regression: bool = False) -> TaskSpec:
    """A task of pairs whose one file is all its sets."""
    tsv = TsvFile("train.tsv", ("first", "second"), "label")
    hub = HubSplit("me/pairs", None, "train", ("first", "second"))
    return TaskSpec(
        name=name,
        title=name,
        benchmark="own",
        labels=() if regression else ("no", "yes"),
        label_range=(0.0, 5.0) if regression else None,
        metric="spearman" if regression else "accuracy",
        train=RowSet("train", tsv, hub),
        evaluation=(RowSet("dev", tsv, hub),),
    )
