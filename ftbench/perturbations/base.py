"""Perturber: the interface of what changes a job's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.domain import hparams as hp
from ftbench.domain.perturbation import Change
from ftbench.domain.recipe import Recipe
from ftbench.domain.task import TaskSpec
from ftbench.errors import BadValue

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

TRAINING, EVALUATION = "training", "evaluation"


@dataclass(frozen=True)
class LabelledRows:
    """Rows of a task; a change takes them and gives changed ones, in new arrays.

    Attributes:
        task: whose rows they are.
        recipe: how the job trains on them.
        total: the rows of the file, n.
        numbers: which they are, ascending and each once; shape (N,). The k-th copy of row i is i + k·n.
        labels: class numbers or scores, shape (N,).
        texts: a column for each sentence of a row, each of strings, shape (N,).
    """

    task: TaskSpec
    recipe: Recipe
    total: int
    numbers: Integers
    labels: NDArray[Any]
    texts: tuple[NDArray[np.object_], ...] = ()

    def only(self, numbers: Integers) -> LabelledRows:
        """Some of the rows, in ascending order."""
        import numpy as np

        at = np.searchsorted(self.numbers, np.sort(numbers))
        texts = tuple(column[at] for column in self.texts)
        return replace(self, numbers=self.numbers[at], labels=self.labels[at], texts=texts)

    def relabelled(self, numbers: Integers, labels: NDArray[Any]) -> LabelledRows:
        """All rows, some with other labels."""
        import numpy as np

        changed = np.array(self.labels)
        changed[np.searchsorted(self.numbers, numbers)] = labels
        return replace(self, labels=changed)

    def rewritten(self, numbers: Integers, write: Callable[[str], str]) -> LabelledRows:
        """All rows, each text of some of them as ``write`` gives it."""
        import numpy as np

        at = np.searchsorted(self.numbers, numbers)
        texts = tuple(np.array(column) for column in self.texts)
        for column in texts:
            column[at] = [write(text) for text in column[at]]
        return replace(self, texts=texts)


@dataclass(frozen=True)
class Draws:
    """The random numbers of one change, which depend on (task, seed) and what they are asked for alone.

    Not on the ratio, the method, the model or the recipe: so smaller ratios are contained in larger ones, and
    all that is compared sees the same rows.

    Attributes:
        name: of the perturbation.
        source: what is drawn, and whole numbers -> a 64-bit key for each, the same for a number whatever else
            is asked for.
    """

    name: str
    source: Callable[[str, Integers], NDArray[np.uint64]]

    def keys(self, what: str, numbers: Integers) -> NDArray[np.uint64]:
        """A uniform 64-bit key for each number, shape (N,).

        Args:
            what: what is drawn, to be independent of other draws: begin it with the perturbation's name.
            numbers: of rows, or of anything else that is to have a key.
        """
        return self.source(what, numbers)

    def first(self, numbers: Integers, count: int) -> Integers:
        """The first of some numbers in the perturbation's ranking: a prefix, which more of them contain.

        Returns:
            Numbers, ascending; shape (count,).
        """
        import numpy as np

        chosen: Integers = np.sort(numbers[np.argsort(self.keys(self.name, numbers), kind="stable")][:count])
        return chosen


class Perturber:
    """A perturbation: what it is called, what its value may be, which tasks it suits, what it does to rows.

    Attributes:
        name: what users type; of a built-in one that of its file.
        title: the heading of its table.
        caption: what is done to how much of what, a sentence without its point.
        changed: what its tables call a changed run: the clean run minus the *noisy* one.
        along: the caption of its curves; "" for one made of ``caption``.
        metric: a metric whose scores stand before the task's own in its tables; "" for none.
        usual: the values of papers' tables, the clean run first: a report without such jobs then says how to
            queue them.
        percent: whether its value is a fraction, shown × 100 with %.
        phrase: what stands before its value in the title of a condition; "" for its name.
        order: where it stands among the changes of a job; ties by name.
        stream: the random stream that its draws come from.
        neutral: how the value that changes nothing may be typed, beside 0; "" for no such word.
        wanted: what its values are, for messages.
        flag: its own flag on the command line; "" where ``--perturb`` alone takes it.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    caption: ClassVar[str] = ""
    changed: ClassVar[str] = "changed"
    along: ClassVar[str] = ""
    metric: ClassVar[str] = ""
    usual: ClassVar[tuple[float, ...]] = ()
    percent: ClassVar[bool] = True
    phrase: ClassVar[str] = ""
    order: ClassVar[int] = 100
    stream: ClassVar[str] = "perturbation"
    neutral: ClassVar[str] = ""
    wanted: ClassVar[str] = "numbers, such as 0,0.1"
    flag: ClassVar[str] = ""

    @dataclass(frozen=True)
    class Settings:
        """The value, whose default changes nothing (0 or None), and the options."""

        value: float | None = hp.hparam(0.0, range=(0, 1), help="how much is changed")

    def __init__(self, settings: Any = None) -> None:
        """Take the value and the options, or the defaults.

        Raises:
            BadValue: they do not go together.
        """
        self.settings: Any = self.Settings() if settings is None else settings
        problem = self.problem()
        if problem:
            raise BadValue(f"{self.name}: {problem}")

    @classmethod
    def made(cls, change: Change) -> Perturber:
        """The perturbation with a change's value and options.

        Raises:
            UnknownName: an option that it does not have.
            BadValue: a value of the wrong type or out of range.
        """
        given: Mapping[str, Any] = {"value": change.value, **dict(change.options)}
        return cls(hp.parse(cls.Settings, given, kind="option", owner=cls.name))

    @classmethod
    def change(cls, value: float, options: Mapping[str, Any]) -> Change | None:
        """The change that a value and options make, in its one spelling; None where it changes nothing.

        Raises:
            UnknownName: an option that it does not have.
            BadValue: a value of the wrong type or out of range, or options that do not go together.
        """
        given = {**options, "value": value} if value else dict(options)
        made = cls(hp.parse(cls.Settings, given, kind="option", owner=cls.name))
        if not value:
            return None
        defaults, typed = hp.as_dict(cls.Settings()), hp.as_dict(made.settings)
        departs = {k: v for k, v in typed.items() if k != "value" and v != defaults[k]}
        return Change(cls.name, hp.normalise(typed["value"]), tuple(sorted(hp.normalise(departs).items())))

    @classmethod
    def shown(cls, value: float) -> str:
        """A value as tables show it: ``10 %``, or ``300``."""
        return f"{100 * value:g} %" if cls.percent else f"{value:g}"

    @classmethod
    def spoken(cls, change: Change) -> str:
        """A change as tables name it: ``noise 10 %``."""
        return f"{change.axis} {cls.shown(change.value)}"

    @classmethod
    def options(cls) -> tuple[hp.HParamSpec, ...]:
        """What can be given beside the value."""
        return tuple(spec for spec in hp.describe(cls.Settings) if spec.name != "value")

    @classmethod
    def value(cls) -> hp.HParamSpec:
        """What the value may be."""
        return next(spec for spec in hp.describe(cls.Settings) if spec.name == "value")

    def problem(self) -> str | None:
        """Why the value and the options do not go together, in one line; None where they do."""
        return None

    def sides(self) -> tuple[str, ...]:
        """Which rows it changes: ``training``, ``evaluation``, or both; of the latter the texts alone."""
        return (TRAINING,)

    def unsuitable(self, task: TaskSpec, rows: int | None) -> str | None:
        """Why a task cannot have it, in one line; None where it can.

        Args:
            task: the task.
            rows: how many it has to train on; None where that is not known.
        """
        return None

    def perturb(self, rows: LabelledRows, draws: Draws) -> tuple[LabelledRows, Integers]:
        """Change the rows.

        Args:
            rows: what the changes before have left.
            draws: where every random number comes from.

        Returns:
            The rows, and the numbers of those that it is about, ascending; their digest is recorded.
        """
        raise NotImplementedError
