"""Corpus: the rows of a job, perturbed, split and tokenised."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ftbench import tasks
from ftbench.domain.job import Job
from ftbench.domain.perturbation import Perturbation
from ftbench.domain.target import HELD_OUT, Target
from ftbench.domain.task import TaskSpec
from ftbench.errors import ModelError
from ftbench.perturbations import NO_FILES, PluginFiles
from ftbench.run.data import WORDS, Tokenised
from ftbench.run.seeding import digest, stream_seed
from ftbench.tasks import sources
from ftbench.tasks.rows import label_array
from ftbench.training import perturb, selection, words
from ftbench.training.model_limits import ModelLimits
from ftbench.training.training_rows import TrainingRows


@dataclass(frozen=True)
class EvaluationSet:
    """One evaluation set, tokenised.

    Attributes:
        name: as the job names it.
        task: whose rows they are.
        rows: the set of that task.
        data: their tokens.
        labels: as ``label_array`` gives them, in float64.
    """

    name: str
    task: TaskSpec
    rows: str
    data: Tokenised
    labels: NDArray[np.float64]


class Library:
    """Rows and their tokens, read once by a child process and kept for its next jobs.

    Args:
        device: where tokens are held.
        room: how many sets of rows are kept.
    """

    def __init__(self, device: torch.device, room: int = 12) -> None:
        """Begin empty."""
        self.device, self._room = device, room
        self._rows: dict[tuple[Any, ...], sources.Rows] = {}
        self._tokens: dict[tuple[Any, ...], dict[str, list[list[int] | None]]] = {}

    def rows(self, task: TaskSpec, name: str, revision: str, data_dir: str | None) -> sources.Rows:
        """The rows of a set.

        Raises:
            DataError: they are not the rows that the job was queued with, or cannot be read.
        """
        key = (task.name, name, revision, data_dir)
        if key not in self._rows:
            ref = sources.reopen(task, revision, Path(data_dir) if data_dir else None)
            _make_room(self._rows, self._room)
            found = sources.read(task, name, ref)
            if task.by_word:
                words.check_words(task, found, name)
            self._rows[key] = found
        return self._rows[key]

    def tokens(
        self,
        rows: sources.Rows,
        wanted: Sequence[int],
        tokenizer: Any,
        max_length: int,
        key: tuple[Any, ...],
        numbers: Sequence[int] | None = None,
        limits: ModelLimits | None = None,
        by_word: bool = False,
    ) -> Tokenised:
        """The tokens of some rows; each row is tokenised once for a tokenizer and length.

        A text that spells a special token (``</s>``) is text like any other.

        Args:
            rows: all of a set.
            wanted: which of them, by their place.
            tokenizer: of the model.
            max_length: longer ones are cut.
            key: whose rows and tokenizer these are.
            numbers: what the tokens are asked for by, where that is not their row's place.
            limits: what the model can read.
            by_word: whether it is to be known which tokens begin a word.

        Raises:
            ModelError: the tokenizer gives tokens or segments that the model does not have, or does not say
                where tokens stand.
        """
        count = len(rows.labels)
        key = (*key, max_length)
        if key not in self._tokens:
            _make_room(self._tokens, self._room)
            self._tokens[key] = {}
        kept = self._tokens[key]
        known = kept.setdefault("input_ids", [None] * count)
        fresh = [int(i) for i in wanted if known[int(i)] is None]
        if fresh:
            texts = [[column[i] for i in fresh] for column in rows.texts]
            if by_word and not tokenizer.is_fast:
                raise ModelError("its tokenizer does not tell where tokens stand, which labels of words need")
            encoded = tokenizer(
                *texts,
                truncation=True,
                max_length=max_length,
                padding=False,
                split_special_tokens=True,
                return_offsets_mapping=by_word,
            )
            if by_word:
                begun = zip(texts[0], encoded["offset_mapping"], strict=True)
                encoded[WORDS] = [words.words_begun(text, spans) for text, spans in begun]
            for name in ("input_ids", "token_type_ids", WORDS):
                lists = encoded.get(name)
                if lists is not None:
                    lists = lists if name == WORDS else (limits or ModelLimits()).within(lists, name)
                    target = kept.setdefault(name, [None] * count)
                    for i, ids in zip(fresh, lists, strict=True):
                        target[i] = list(ids)
        chosen = {name: [lists[int(i)] or [] for i in wanted] for name, lists in kept.items()}
        names = [int(i) for i in (wanted if numbers is None else numbers)]
        return Tokenised(chosen, names, tokenizer.pad_token_id or 0, tokenizer.padding_side, self.device)


def _make_room(kept: dict[Any, Any], room: int) -> None:
    while len(kept) >= room:
        kept.pop(next(iter(kept)))


class Corpus(TrainingRows):
    """The training rows of a job after its perturbations, and its evaluation sets."""

    def __init__(
        self,
        library: Library,
        task: TaskSpec,
        job: Job,
        tokenizer: Any,
        model_key: tuple[Any, ...],
        data_dir: str | None,
        files: PluginFiles = NO_FILES,
        limits: ModelLimits | None = None,
    ) -> None:
        """Read, perturb and tokenise; texts are cut at ``max_length``, or where the positions end.

        Args:
            library: keeps rows and tokens.
            task: whose rows they are.
            job: the job.
            tokenizer: of the model.
            model_key: names the model.
            data_dir: the folder of the rows; None for the hub's cache.
            files: those of perturbations that are not installed.
            limits: what the model can read.
        """
        self._limits = limits or ModelLimits()
        self.max_length = self._limits.cut(job.recipe.max_length)
        self._library, self._task, self._job, self._files = library, task, job, files
        self._tokenizer, self._key, self._data_dir = tokenizer, model_key, data_dir
        train = library.rows(task, task.train.name, job.data_revision, data_dir)
        original = label_array(task, train.labels)
        changed = perturb.apply(
            task,
            original,
            job.perturbation,
            seed_of=stream_seeds(job),
            recipe=job.recipe,
            texts=_columns(train) if job.perturbation.changes else (),
            files=self._files,
        )
        held = np.zeros(len(changed.rows), dtype=np.bool_)
        if HELD_OUT in job.evaluation:
            held = selection.held_out(task, job, changed, len(original))
        self._train, self._selected_on = train, changed.only(held)
        rest = changed.only(~held)
        tokens = self._tokens(train, rest.rows, task, task.train.name, job.data_revision, rest.texts)
        if task.by_word:
            rest = words.with_labels(rest, tokens, task, self.max_length)
        labels = _tensor(rest.labels, task, library.device)
        super().__init__(task.name, rest.rows, labels, tokens, changed.digests, len(original))
        if HELD_OUT in job.evaluation:
            self.digests[HELD_OUT] = digest(self._selected_on.rows)

    def evaluation(self, name: str) -> EvaluationSet:
        """One of the job's evaluation sets, of its own task or of another one."""
        if name == HELD_OUT:
            return self._held_out()
        return self._set(name, Target.of(name).rows, self._job.perturbation)

    def _held_out(self) -> EvaluationSet:
        """The training rows that the job is not trained on, as the perturbations left them."""
        held, task, revision = self._selected_on, self._task, self._job.data_revision
        tokens = self._tokens(
            self._train, held.rows, task, task.train.name, revision, held.texts, range(len(held.rows))
        )
        return EvaluationSet(HELD_OUT, task, HELD_OUT, tokens, np.asarray(held.labels, dtype=np.float64))

    def probe_rows(self, name: str) -> EvaluationSet:
        """The training rows of the task that a probe is about; no perturbation is applied to them."""
        return self._set(name, tasks.find(Target.of(name).task).train.name, Perturbation())

    def _set(self, name: str, rows_name: str, change: Perturbation) -> EvaluationSet:
        target, task, revision = Target.of(name), self._task, self._job.data_revision
        if target.task:
            other = tasks.find(target.task)
            task, revision = other.with_sets(*target.sets(other)), self._job.others[name]
        rows = self._library.rows(task, rows_name, revision, self._data_dir)
        labels, texts = label_array(task, rows.labels).astype(np.float64), None
        if change.changes:
            texts, digests = perturb.evaluated(
                task,
                labels,
                _columns(rows),
                change,
                name=name,
                seed_of=stream_seeds(self._job),
                recipe=self._job.recipe,
                files=self._files,
            )
            self.digests |= digests
        tokens = self._tokens(rows, range(len(rows.labels)), task, rows_name, revision, texts)
        return EvaluationSet(name, task, rows_name, tokens, labels)

    def _tokens(
        self,
        rows: sources.Rows,
        wanted: Sequence[int] | NDArray[np.int64],
        task: TaskSpec,
        name: str,
        revision: str,
        texts: perturb.Texts | None,
        called: Sequence[int] | None = None,
    ) -> Tokenised:
        """The tokens of rows; ``texts`` stand in the place of theirs where they were changed.

        They are asked for by their numbers, or as they are ``called``.
        """
        key: tuple[Any, ...] = (*self._key, task.name, name, revision)
        numbers, places = [int(i) for i in wanted], [int(i) % len(rows) for i in wanted]
        if texts is not None:
            if task.by_word:
                words.check_same_words(task, rows, places, texts[0])
            rows = sources.Rows(tuple(list(column) for column in texts), [0] * len(numbers))
            written = "\x1f".join(text for column in rows.texts for text in column)
            key, places = (*key, hashlib.sha256(written.encode()).hexdigest()), list(range(len(numbers)))
        asked = called or numbers
        return self._library.tokens(
            rows, places, self._tokenizer, self.max_length, key, asked, self._limits, task.by_word
        )


def stream_seeds(job: Job) -> Callable[[str], int]:
    """The seed of a job-wide stream (``subset``, ``perturbation``), by its name."""
    return lambda stream: stream_seed(stream, job.task, job.seed_of(stream))


def _columns(rows: sources.Rows) -> perturb.Texts:
    return tuple(np.array(column, dtype=np.object_) for column in rows.texts)


def _tensor(labels: NDArray[Any], task: TaskSpec, device: torch.device) -> Tensor:
    return torch.as_tensor(
        np.asarray(labels), dtype=torch.float32 if task.regression else torch.int64, device=device
    )
