"""Words: which token of a text begins each of its words, where words are labelled.

A text is its words with one space between each two, so that it is tokenised as any other text; the places of
its tokens in it say to which word they belong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from ftbench.domain.task import NO_LABEL, TaskSpec
from ftbench.errors import DataError, PluginError
from ftbench.run.data import Tokenised
from ftbench.tasks.rows import Rows
from ftbench.training.perturb import Perturbed


def words_begun(text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
    """For every token the number of the word that it begins, -1 where it begins none.

    The first token that covers a character of a word begins it. A tokenizer's mark of a space alone, and
    what it puts around the text, begin none.

    Args:
        text: words with one space between each two.
        spans: of the tokens: the characters that each covers, begin and end; (0, 0) for one that covers none.
    """
    ends, at = [], 0
    for word in text.split(" "):
        ends.append(at + len(word))
        at = ends[-1] + 1
    found, last = [-1] * len(spans), -1
    for place, (begin, end) in enumerate(spans):
        while begin < end and text[begin] == " ":  # a token may begin with the space before its word
            begin += 1
        number = bisect_right(ends, begin)
        if begin < end and number > last:
            found[place] = last = number
    return found


def check_words(task: TaskSpec, rows: Rows, name: str) -> None:
    """Refuse rows that have not one label for each word.

    Raises:
        DataError: names the first such row, from 0.
    """
    for number, (text, tags) in enumerate(zip(rows.texts[0], rows.labels, strict=True)):
        words = text.split(" ")
        count = len(tags) if isinstance(tags, tuple) else 1
        if len(words) != count:
            raise DataError(
                f"task {task.name}, set {name}: row {number} has {len(words)} words and {count} labels"
            )


def check_same_words(task: TaskSpec, rows: Rows, places: Sequence[int], texts: Iterable[str]) -> None:
    """Refuse texts of changed rows that have not the words that they had: their labels would fall on others.

    Raises:
        PluginError: a perturbation made other words.
    """
    for place, text in zip(places, texts, strict=True):
        if text.count(" ") != rows.texts[0][place].count(" "):
            raise PluginError(f"task {task.name}: a perturbation gave row {place} another number of words")


def with_labels(rows: Perturbed, tokens: Tokenised, task: TaskSpec, max_length: int) -> Perturbed:
    """The rows with a labelled word before the cut: the others would have no loss.

    Raises:
        DataError: there are none.
    """
    numbers = [int(row) for row in rows.rows]
    seen = tokens.words_begun(numbers, rows.labels.shape[1]) & (rows.labels != NO_LABEL)
    if not seen.any():
        raise DataError(
            f"task {task.name}: no training row has a labelled word in its first {max_length} tokens"
        )
    return rows.only(seen.any(axis=1))
