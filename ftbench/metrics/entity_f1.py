"""F1 of entities: right where first word, last word and type are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ftbench.domain.task import NO_LABEL, TOKEN_CLASSIFICATION, TaskSpec
from ftbench.metrics.base import Metric

if TYPE_CHECKING:
    from ftbench.metrics.base import Floats, Labels, Times

#: What stands before an entity's type, where its word is the first, a further, the last or the only one.
PREFIXES = ("B-", "I-", "E-", "S-")
OUTSIDE = "O"


class EntityF1(Metric):
    """F1 of entities, over all types together: right where first word, last word and type are.

    Entities are read from tags as by conlleval, through seqeval: also one that begins with ``I-``.

    Args:
        tags: the names of the task's tags, in their order.
    """

    title = "F1 of entities"
    heading = "entity F1"
    kinds = (TOKEN_CLASSIFICATION,)
    stored = True
    formula = "2·hits / (entities + entities that are answered)"
    paper = "Tjong Kim Sang and De Meulder 2003, CoNLL shared task; seqeval (Nakayama 2018)"
    edges = "0 without a hit; a word that was cut off counts as O"

    def __init__(self, tags: Sequence[str] = ()) -> None:
        """Take the tags' names; without any there are no entities."""
        self._tags = tuple(tags)

    def unfit(self, task: TaskSpec) -> str:
        """Tags that name no entities, such as parts of speech."""
        tags = [tag for tag in task.labels if tag != OUTSIDE]
        named = OUTSIDE in task.labels and all(tag.startswith(PREFIXES) and len(tag) > 2 for tag in tags)
        return super().unfit(task) or ("" if named else "it needs the tags O, B-…, I-… (E-…, S-…)")

    def for_task(self, task: TaskSpec) -> EntityF1:
        """With the names of the task's tags."""
        return EntityF1(task.labels)

    def chance(self, classes: int, labels: Labels | None = None) -> float | None:
        """Of a model that finds none."""
        return 0.0

    def seen(self, logits: Floats) -> Floats:
        """The tags that are answered."""
        from ftbench.metrics._arrays import answered_tags

        return answered_tags(logits)

    def resampled(self, seen: Floats, labels: Labels, times: Times) -> Floats:
        """From the entities of each sentence."""
        import numpy as np

        from ftbench.metrics._arrays import ratio

        hits, both = np.zeros(len(labels)), np.zeros(len(labels))
        for row, (right, answered) in enumerate(zip(labels, seen, strict=True)):
            there, found = (self._entities(tags[right != NO_LABEL]) for tags in (right, answered))
            hits[row], both[row] = len(there & found), len(there) + len(found)
        return ratio(times @ (2 * hits), times @ both)

    def _entities(self, tags: Floats) -> set[tuple[str, int, int]]:
        """Type, first and last word of the entities of a sentence."""
        from seqeval.metrics.sequence_labeling import get_entities

        return set(get_entities([self._tags[int(tag)] for tag in tags])) if self._tags else set()
