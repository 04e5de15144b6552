"""Fine-tune a model of one's own with any method: without a queue, a task or a database."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from ftbench.domain import hparams as hp
from ftbench.domain.job import Job
from ftbench.domain.result import CurvePoint
from ftbench.methods.base import Method
from ftbench.nn import decoders
from ftbench.training import given, own_rows
from ftbench.training.pretrained import Pretrained
from ftbench.training.trainer import Trainer

OnStep = Callable[[str, int, int], None]


def fit(
    model: nn.Module,
    train_data: Iterable[Mapping[str, Any]],
    method: str | type[Method] = "vanilla",
    *,
    seed: int = 0,
    recipe: Mapping[str, Any] | None = None,
    head: Iterable[str] | None = None,
    on_step: OnStep | None = None,
    **hyperparameters: Any,
) -> nn.Module:
    """Fine-tune a copy of a model and return it, in evaluation mode.

    Args:
        model: of ``AutoModelForSequenceClassification``; it stays as it is. One output means regression;
            ``problem_type="multi_label_classification"`` in its configuration several labels a row. Of
            ``AutoModelForTokenClassification``: it labels tokens.
            Half-precision weights (bf16, fp16) are trained in fp32, and come back so.
        train_data: rows as a tokenizer gives them: ``input_ids``, perhaps ``attention_mask`` and
            ``token_type_ids``, and ``label`` or ``labels``: a class number, or a number; 0 or 1 for each
            label; a class for each token, -100 for those without. A list, a
            ``datasets.Dataset``, anything that yields mappings. Padding is dropped, and so are columns that
            the model does not take.
        method: a name, a file or a class.
        seed: of all random numbers.
        recipe: settings that differ from the default recipe, such as ``{"lr": 1e-4, "epochs": 5}``.
        head: parameters (or modules) that did not come from pretraining; by default what stands outside the
            base model.
        on_step: told (run, step from 1, steps in all) after every step.
        hyperparameters: of the method; ``variant="published"`` for what the authors' code does.

    Raises:
        UsageError: an unknown method, hyper-parameter or setting, or a method that cannot do this.
        BadValue: rows that cannot be trained on, or a quantised model.
        Diverged: a loss or gradient is not finite.
    """
    cls, chosen = given.method_of(method, hyperparameters)
    settings, dropout_given = given.recipe_of(cls, hyperparameters, recipe or {})
    task = given.given_task(model)
    kept = [name for name, _ in decoders.transposed(model)]
    if kept:
        model = copy.deepcopy(model)
        decoders.as_linear(model)
    given.refuse(chosen, model, task)
    given.refuse_dtype(model)
    given.refuse_precision(model, settings)
    rows = own_rows.read(train_data, model, task, given.device_of(model))
    if given.half(model):
        model = copy.deepcopy(model).float()
    job = Job(
        model=given.NAME,
        model_revision="",
        task=given.NAME,
        data_revision="",
        evaluation=(),
        method=cls.name(),
        hparams=hp.as_dict(chosen.hparams),
        seed=seed,
        recipe=settings,
    )
    source = Pretrained(
        model,
        given.head_of(model, head),
        given.device_of(model),
        own_head=seed,
        own_dropout=not dropout_given,
    )
    trainer = Trainer(job, task, chosen, source, rows, listener=_Told(on_step))
    trained = chosen.fit(trainer)
    if kept:
        decoders.as_conv1d(trained, kept)
    return trained.eval()


class _Told:
    """Passes a job's progress on."""

    def __init__(self, on_step: OnStep | None) -> None:
        self._on_step = on_step

    def progress(self, run: str, step: int, total: int, points: Sequence[CurvePoint]) -> None:
        if self._on_step is not None:
            self._on_step(run, step, total)

    def stopping(self) -> bool:
        return False
