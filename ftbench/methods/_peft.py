"""Tuners of the peft library as methods: ``peft:NAME``, made of what the installed peft says of them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.domain import hparams as hp
from ftbench.errors import BadValue, UnknownName
from ftbench.methods import prefix, prompt
from ftbench.methods._peft_fields import PeftTuner, TunerField, paper_in, tuner, tuner_names, version
from ftbench.methods._peft_tables import DEFAULTS, NAMED, NEEDS, REFUSED, SEEN_TO, TITLES, Named
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.nn.optimizers import Optimizer
    from ftbench.nn.tuners import TunedModel, TunerSettings
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

#: How the names of these methods begin.
PREFIX = "peft:"


_LEARNING_RATES = {"prefix_tuning": prefix.Prefix, "prompt_tuning": prompt.Prompt, "p_tuning": prompt.Prompt}


class PeftMethod(Method):
    """A tuner of peft: it and the classifier train, what is pretrained is frozen.

    Attributes:
        tuner: what peft says of it.
        fixed: fields of its configuration that its name stands for.
    """

    tuner: ClassVar[PeftTuner]
    fixed: ClassVar[Mapping[str, hp.Value]] = {}
    called: ClassVar[str] = ""
    library = "peft"
    family = "parameter-efficient"
    cost = "1 pass a step; no weight gradients of what is frozen"
    memory = "optimiser state for the tuner and the classifier alone"

    def __init__(self, hparams: object = None) -> None:
        """Take the hyper-parameters."""
        super().__init__(hparams)
        self._tuned: TunedModel | None = None
        self._gradients: dict[nn.Parameter, Tensor] = {}
        self._state: dict[str, Any] = {}

    @classmethod
    def name(cls) -> str:
        """What users type: ``peft:dora``."""
        return cls.called

    @classmethod
    def resolve(cls, given: Mapping[str, Any] | None = None, variant: str = "paper") -> Method.HParams:
        """The hyper-parameters, with those given on top; peft has one variant of each tuner.

        Raises:
            UnknownName, BadValue: as ``Method.resolve``; says which name stands for a field.
        """
        values = dict(given or {})
        offered = {spec.name for spec in hp.describe(cls.HParams)}
        for other, named in NAMED.items():
            own = named.tuner == cls.tuner.name and (named.field not in offered or not cls.fixed)
            if own and str(values.get(named.field)).lower() == hp_text(named.value):
                raise BadValue(f"{cls.called}: {named.field}={hp_text(named.value)} is {PREFIX}{other}")
        if "variant" in offered:  # of RoAd, whose hyper-parameter has that name
            return hp.parse(cls.HParams, values, owner=cls.called)
        return super().resolve(values, variant)

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """Those of ``lora``, and of ``prefix`` and ``prompt`` for what stands before the text."""
        from ftbench.methods.lora import LoRA

        return _LEARNING_RATES.get(cls.tuner.name, LoRA).recipe_defaults(variant)

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """What peft has no form for, or does not put into such a model."""
        name, values = self.tuner.name, self._values()
        if name in REFUSED:
            return REFUSED[name]
        for (field, value), why in NEEDS.items():
            if field in values and values[field] == value:
                return f"{field}={hp_text(value)}: {why}"
        family = model.family
        if name == "prefix_tuning" and (reason := prefix.refusal(family)):
            return reason
        if self.tuner.prompts and family in prompt.REFUSED:
            return prompt.REFUSED[family]
        if not family:  # not known before its files are here
            return None
        settings = json.dumps(dict(model.config), sort_keys=True)
        said = _misfit(self.called, tuple(values.items()), family, settings, task.outputs)
        return f"peft {version()} refuses: {said}" if said else None

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Put the tuner into the model; freeze the rest but for the classifier.

        Raises:
            BadValue: peft refuses the model or a value.
        """
        from ftbench.nn import tuners

        with run.noise.torch_seed(self.called):
            try:
                asked = _asked(self.tuner, self._values())
                self._tuned = tuners.put_tuner(asked, model, run.head_names, run.total_steps)
            except (ValueError, TypeError, NotImplementedError) as error:
                raise BadValue(f"{self.called}: {' '.join(str(error).split())}") from error
        self._tuned.restore(self._state)
        return None if self._tuned.model is model else self._tuned.model

    def compute_loss(self, run: Run, batch: Batch) -> Tensor:
        """The mean loss, and what the tuner adds to it."""
        loss = super().compute_loss(run, batch)
        penalty = self._tuned.penalty() if self._tuned is not None else None
        return loss if penalty is None else loss + penalty

    def edit_gradients(self, run: Run, optimizer: Optimizer) -> None:
        """Keep the gradients for what comes after the update."""
        if self._tuned is not None and self._tuned.allocates:
            self._gradients = {p: p.grad for p in optimizer.params if p.grad is not None}

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """Make the update; AdaLoRA gives and takes ranks after it."""
        loss = super().training_step(run, batch)
        if self._tuned is not None and self._gradients:
            self._tuned.allocate(run.step, self._gradients)
            self._gradients = {}
        return loss

    def state_dict(self) -> dict[str, Any]:
        """What ranks are given by."""
        return self._tuned.state() if self._tuned is not None else {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what ranks are given by."""
        self._state = state
        if self._tuned is not None:
            self._tuned.restore(state)

    def _values(self) -> dict[str, hp.Value]:
        return {**hp.as_dict(self.hparams), **self.fixed}


def hp_text(value: object) -> str:
    """A value as it is typed."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def find(name: str) -> type[PeftMethod]:
    """The method of a name, ``peft:dora``.

    Raises:
        FtbenchError: peft is not installed.
        UnknownName: it has no such tuner.
    """
    key = name.strip().lower().removeprefix(PREFIX)
    if key not in (*tuner_names(), *NAMED):
        raise UnknownName("method", PREFIX + key, names())
    return _made(key)


def names() -> tuple[str, ...]:
    """Of all these methods that can train a classifier somewhere.

    Raises:
        FtbenchError: peft is not installed.
    """
    return tuple(f"{PREFIX}{one}" for one in sorted((*tuner_names(), *NAMED)) if one not in REFUSED)


@cache
def _made(name: str) -> type[PeftMethod]:
    named = NAMED.get(name)
    found = tuner(named.tuner if named else name)
    stem = found.config.removesuffix("Config")
    title = named.title if named else TITLES.get(name, stem)
    settled = _settled(name, found)
    body = {
        "__module__": __name__,
        "__doc__": f"{title}, as peft makes it.",
        "called": PREFIX + name,
        "tuner": found,
        "fixed": {named.field: named.value} if named else {},
        "title": f"{title} (peft)",
        "paper": _paper(found, named) or f"peft {version()} names none",
        "formula": found.sentence or f"as peft {version()} makes it",
        "unsupported_note": REFUSED.get(name, "what peft does not put into a model of its shapes"),
        "HParams": _hparams([field for field in found.fields if field.name not in settled]),
    }
    made: type[PeftMethod] = type("PeftMethod", (PeftMethod,), body)
    return made


def _settled(name: str, found: PeftTuner) -> frozenset[str]:
    """The fields that are no hyper-parameters of a method."""
    gone = {field.name for field in found.fields if field.name.startswith("save_")} | SEEN_TO
    for other, one in NAMED.items():
        if one.tuner == found.name and (isinstance(one.value, bool) or other == name):
            gone.add(one.field)
        if other == name:
            break
    return frozenset(gone)


def _paper(found: PeftTuner, named: Named | None) -> str:
    """The paper of a tuner; of a variant, that which peft names where it explains the field."""
    if named is None:
        return found.paper
    return named.paper or paper_in(next(f.told for f in found.fields if f.name == named.field))


def _hparams(fields: list[TunerField]) -> type:
    """The hyper-parameters of a tuner: the fields of its configuration."""
    made = dataclasses.make_dataclass(
        "HParams",
        [(field.name, reduce(or_, field.kinds), _declared(field)) for field in fields],
        frozen=True,
        namespace={"__doc__": "The hyper-parameters, as peft declares them."},
    )
    made.__module__ = __name__
    return made


def _declared(field: TunerField) -> Any:
    """A field as ``hparam`` declares it; peft gives no ranges, and what it refuses is told when queueing."""
    numeric = int in field.kinds or float in field.kinds
    share = "dropout" in field.name
    return hp.hparam(
        DEFAULTS.get(field.name, field.default),
        range=((0, 1) if share else (-math.inf, math.inf)) if numeric else None,
        open="high" if share else "both",
        choices=field.choices,
        help=field.help + (" (a list is written a+b)" if field.listed else ""),
    )


def _asked(found: PeftTuner, values: Mapping[str, hp.Value]) -> TunerSettings:
    from ftbench.nn.tuners import TunerSettings

    lists = frozenset(field.name for field in found.fields if field.listed)
    return TunerSettings(found.name, found.prompts, values, lists)


@cache
def _misfit(
    name: str, values: tuple[tuple[str, hp.Value], ...], family: str, settings: str, outputs: int
) -> str | None:
    """Why peft does not put a method into a model; found out once for all seeds, tasks and recipes."""
    from ftbench.nn import tuners

    return tuners.misfit(_asked(find(name).tuner, dict(values)), family, json.loads(settings), outputs)
