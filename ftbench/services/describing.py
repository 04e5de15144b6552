"""What a user's own file was understood to be, before any hour is spent on it."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ftbench import models, tasks
from ftbench.domain.recipe import layered
from ftbench.domain.suited import length
from ftbench.domain.task import CLASSIFICATION, MULTI_LABEL, REGRESSION, OwnColumns, TaskSpec
from ftbench.errors import FtbenchError
from ftbench.services.auditing import conflicts, shown_label
from ftbench.tasks.near import made_alike
from ftbench.tasks.own.understood import Understood
from ftbench.tasks.rows import Rows

_BATCH = 1000


def describe_own(text: str, columns: OwnColumns, model_names: Sequence[str] = ()) -> dict[str, Any]:
    """A file, a folder or a data set of the hub as a task, as plain values.

    Args:
        text: the place as it was typed.
        columns: those that were named.
        model_names: models in whose tokens lengths are told, too.

    Raises:
        OwnDataError: it is no task; says why, with file and row.
    """
    found = tasks.of_place(text, columns)
    task, own = found.task, found.task.own
    assert own is not None
    reported = task.evaluation[0].name
    each = " of every class" if task.kind == CLASSIFICATION else ""
    drawn = f"{100 * own.drawn:g} % of the rows{each}, the same for everybody" if own.drawn else ""
    return {
        "name": task.name,
        "title": task.title,
        "predicts": task.predicted,
        "text": list(own.text),
        "label": own.label,
        "files": sorted({file for files in own.files.values() for file in files}),
        "evaluated on": [rows.name for rows in task.evaluation],
        "drawn for evaluation": drawn,
        "metric": task.metric,
        "rows": found.revision,
        "note": task.note,
        "sets": [_set(task, name, rows) for name, rows in found.sets.items()],
        "labels": _labels(task, found.sets),
        "tokens": [row for name in model_names for row in _tokens(found, name)],
        "twins": _twins(found.sets),
        "majority": f"on {reported}: {_majority(task, found.sets, reported)}",
        "left out": list(found.notes),
    }


def _set(task: TaskSpec, name: str, rows: Rows) -> dict[str, Any]:
    words = [sum(len(text.split()) for text in texts) for texts in zip(*rows.texts, strict=True)]
    return {"set": name, "rows": len(rows), **_lengths(words, "words")}


def _lengths(counts: Sequence[int], unit: str) -> dict[str, Any]:
    ordered = sorted(counts)
    return {
        f"{unit} (median)": statistics.median(ordered),
        "95 %": ordered[int(0.95 * (len(ordered) - 1))],
        "longest": ordered[-1],
    }


def _labels(task: TaskSpec, sets: Mapping[str, Rows]) -> list[dict[str, Any]]:
    """A row for each class with its number in every set; of numbers, where they lie."""
    if task.kind == REGRESSION:
        return [
            {
                "set": name,
                "smallest": min(numbers),
                "mean": round(statistics.fmean(numbers), 6),
                "largest": max(numbers),
                "different": len(set(numbers)),
            }
            for name, rows in sets.items()
            if (numbers := [x for x in rows.labels if isinstance(x, float)])
        ]
    counts = {name: _counted(task, rows) for name, rows in sets.items()}
    return [
        {"label": shown_label(task, at), **{name: found[at] for name, found in counts.items()}}
        for at in range(len(task.labels))
    ]


def _counted(task: TaskSpec, rows: Rows) -> Counter[int]:
    """Class, label or tag -> how often it stands there."""
    if task.kind == MULTI_LABEL:
        lists = (label for label in rows.labels if isinstance(label, tuple))
        return Counter(at for label in lists for at, one in enumerate(label) if one)
    flat = (label if isinstance(label, tuple) else (int(label),) for label in rows.labels)
    return Counter(at for label in flat for at in label)


def _twins(sets: Mapping[str, Rows]) -> list[dict[str, Any]]:
    """Rows with the same text, but for case, punctuation and blanks; a row for each set and pair of sets."""
    texts = {name: [made_alike(t) for t in zip(*rows.texts, strict=True)] for name, rows in sets.items()}
    found = [
        {
            "where": f"within {name}",
            "rows": len(texts[name]) - len(set(texts[name])),
            "other labels": conflicts(texts[name], rows.labels),
        }
        for name, rows in sets.items()
    ]
    first, *others = sets
    train = dict(zip(texts[first], sets[first].labels, strict=True))
    for name in others:
        pairs = list(zip(texts[name], sets[name].labels, strict=True))
        seen = [(text, label) for text, label in pairs if text in train]
        other = sum(train[text] != label for text, label in seen)
        found.append({"where": f"{name} rows in {first}", "rows": len(seen), "other labels": other})
    return found


def _majority(task: TaskSpec, sets: Mapping[str, Rows], reported: str) -> str:
    """What the best constant prediction scores: the training rows' commonest class, or their mean."""
    first, labels = next(iter(sets.values())), sets[reported].labels
    if task.kind == REGRESSION:
        mean = statistics.fmean(x for x in first.labels if isinstance(x, float))
        error = statistics.fmean((x - mean) ** 2 for x in labels if isinstance(x, float))
        return f"mse {error:.4g} by the mean of the training rows, {mean:.4g}; correlations 0"
    if task.kind == MULTI_LABEL:
        none = sum(isinstance(label, tuple) and not any(label) for label in labels)
        return f"{100 * none / len(labels):.2f} % of the rows have no label"
    counts, found = _counted(task, first), _counted(task, sets[reported])
    commonest = max(range(len(task.labels)), key=lambda at: (counts[at], -at))
    share = 100 * found[commonest] / max(1, sum(found.values()))
    what = "accuracy" if task.kind == CLASSIFICATION else "of the words"
    return f"{share:.2f} {what} by '{shown_label(task, commonest)}' throughout"


def _tokens(found: Understood, name: str) -> list[dict[str, Any]]:
    """Lengths in a model's tokens, and how many rows are cut at the length that its recipe has."""
    try:
        spec, ref = models.resolve(name)
        folder = Path(ref.path) if ref.path else models.cached(ref)
        if folder is None:
            return [{"model": name, "why not": "it is not on this machine"}]
        if not (folder / "tokenizer.json").is_file():
            return [{"model": name, "why not": "it has no tokenizer.json"}]
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except FtbenchError as error:
        return [{"model": name, "why not": str(error)}]
    tokenizer.no_truncation()
    tokenizer.no_padding()
    limit = layered(models.recipe(spec, found.task.name)).max_length
    limit = length(limit, spec, 0, {})
    rows = []
    for set_name, one in found.sets.items():
        inputs = [texts if len(texts) > 1 else texts[0] for texts in zip(*one.texts, strict=True)]
        counts = [
            len(encoded.ids)
            for start in range(0, len(inputs), _BATCH)
            for encoded in tokenizer.encode_batch(inputs[start : start + _BATCH])
        ]
        cut = sum(count > limit for count in counts)
        lengths = _lengths(counts, "tokens")
        share = f"{100 * cut / len(counts):.1f} %"
        rows.append({"model": name, "set": set_name, **lengths, "max_length": limit, "cut": share})
    return rows
