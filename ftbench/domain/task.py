"""TaskSpec: what a task is, without its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: What a task predicts, which decides head, loss, metrics and what a row's label is: one class; a number; any
#: number of the labels; a label for every word.
CLASSIFICATION, REGRESSION = "classification", "regression"
MULTI_LABEL, TOKEN_CLASSIFICATION = "multi_label", "token_classification"
KINDS = (CLASSIFICATION, REGRESSION, MULTI_LABEL, TOKEN_CLASSIFICATION)
_IN_WORDS = {CLASSIFICATION: "classes", MULTI_LABEL: "labels", TOKEN_CLASSIFICATION: "tags of words"}
#: The label of a word, or of a token, for which nothing is predicted.
NO_LABEL = -100


@dataclass(frozen=True)
class TsvFile:
    """One file of the official layout: tab separated, no quoting.

    Attributes:
        path: below the data folder, ``CoLA/train.tsv``.
        text: the columns with the text, by header name, or by position (from 0) in a file without header.
        label: the column with the label, likewise.
        header: whether the first line names the columns; every row then has as many as it names.
        width: the number of columns of every row in a file without header.
        unlabelled: what the label column holds in rows that have none; they are left out.
        only: a column and the value that a row has there, where the file holds the rows of other sets, too.
        broken: how many lines of the official file are known to lack columns; they are left out, as the hub's
            copy leaves them out. More than these are an error.
    """

    path: str
    text: tuple[str | int, ...]
    label: str | int
    header: bool = True
    width: int = 0
    unlabelled: tuple[str, ...] = ()
    only: tuple[str, str] | None = None
    broken: int = 0


@dataclass(frozen=True)
class HubSplit:
    """One split of a data set on the hub: ``nyu-mll/glue``, ``cola``, ``validation``."""

    dataset: str
    config: str | None
    split: str
    text: tuple[str, ...]
    label: str = "label"


@dataclass(frozen=True)
class OwnRows:
    """How the rows of a user's own files are read.

    Attributes:
        text: the columns with the text, one or two.
        label: the column with the label.
        files: set of rows -> its files below the place.
        drawn: the share of the training file's rows that are drawn for evaluation; 0 where a file has them.
        source: the data set of the hub and its commit, ``owner/name[config]@commit``; "" for files.
        place: the folder above the files on this machine, "" where none is to be looked at; not part of the
            identity.
    """

    text: tuple[str, ...]
    label: str
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drawn: float = 0.0
    source: str = ""
    place: str = ""


@dataclass(frozen=True)
class OwnColumns:
    """Which columns a user's own file has text and label in, as far as that was said.

    Attributes:
        text: one column, or two for pairs; () where they are to be found by name.
        label: "" where it is to be found by name.
    """

    text: tuple[str, ...] = ()
    label: str = ""

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return bool(self.text or self.label)


@dataclass(frozen=True)
class RowSet:
    """One named set of rows, with every source it can be read from."""

    name: str
    tsv: TsvFile | None = None
    hub: HubSplit | None = None


@dataclass(frozen=True)
class TaskSpec:
    """A task: how to read it, what to predict, what to report.

    Attributes:
        name: as users type it, ``cola``.
        title: as papers print it, ``CoLA``.
        benchmark: ``glue``, ``toy``, …: the file it stands in.
        labels: the classes, labels or tags in their order, () for regression.
        metric: the reported metric, as published tables name it (``matthews``, ``f1``, ``spearman``,
            ``accuracy``).
        train: the training rows.
        evaluation: the evaluation sets; the first is the reported one.
        label_names: a label as a file writes it -> its index, where it is not the class's own name.
        label_range: smallest and largest label of a regression task.
        builtin: a generator of rows inside the package (``toy``), instead of files.
        train_rows: how many training rows the official release has, for estimates; None where not known.
        note: what is asked, in a few words.
        longest: the tokens of its longest row, words and the marks between sentences; 0 where not known.
        kind: what is predicted, one of `KINDS`; where none is given: regression without labels, else
            classification.
        own: how the rows are read, where they are a user's own files.
    """

    name: str
    title: str
    benchmark: str
    labels: tuple[str, ...]
    metric: str
    train: RowSet
    evaluation: tuple[RowSet, ...]
    label_names: Mapping[str, int] = field(default_factory=dict)
    label_range: tuple[float, float] | None = None
    builtin: bool = False
    train_rows: int | None = None
    note: str = ""
    longest: int = 0
    kind: str = ""
    own: OwnRows | None = None

    def __post_init__(self) -> None:
        """Work the kind out where it is not given."""
        object.__setattr__(self, "kind", self.kind or (CLASSIFICATION if self.labels else REGRESSION))

    def with_sets(self, *names: str) -> TaskSpec:
        """The task with some of its sets alone: what is found and identified is then these files.

        Args:
            names: sets of rows, one at least; the first stands in the place of the training rows.
        """
        sets = {rows.name: rows for rows in (self.train, *self.evaluation)}
        first, *others = (sets[name] for name in names)
        return replace(self, train=first, evaluation=tuple(others))

    @property
    def regression(self) -> bool:
        """Whether the label is a number."""
        return self.kind == REGRESSION

    @property
    def by_word(self) -> bool:
        """Whether every word has a label."""
        return self.kind == TOKEN_CLASSIFICATION

    @property
    def one_class(self) -> bool:
        """Whether every row has one class."""
        return self.kind == CLASSIFICATION

    @property
    def predicted(self) -> str:
        """What is predicted, in words: ``4 classes``, ``a number``."""
        return "a number" if self.regression else f"{len(self.labels)} {_IN_WORDS[self.kind]}"

    @property
    def outputs(self) -> int:
        """The width of the head: the number of classes, labels or tags, or 1."""
        return len(self.labels) or 1


@dataclass(frozen=True)
class DataRef:
    """Where a task's rows were found, and which rows they are.

    Attributes:
        source: ``folder``, ``saved`` (``datasets.save_to_disk``), ``hub``, ``own`` (files of the user's own)
            or ``builtin``.
        revision: in a job's identity: the digest of the files (of ``own`` ones, of the rows), or a revision
            of the hub.
        path: the folder on this machine; not part of the identity.
    """

    source: str
    revision: str
    path: str | None = None
