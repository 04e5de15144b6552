"""A recipe as a model can follow it: no longer than its positions, and with what becomes of its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ftbench.domain.hparams import Value
from ftbench.domain.model import ModelSpec
from ftbench.domain.recipe import Recipe
from ftbench.domain.task import TaskSpec

DRAWN, KEPT = "drawn", "kept"
SHORTEST = 4  # tokens, of ``max_length``
#: Architectures that transformers can put a head on for a text, but not for each of its tokens.
WITHOUT_TOKEN_HEAD = frozenset(
    "bart bigbird_pegasus cohere_compass_text ctrl deepseek_v2 doge gemma3 gemma3_text gptj hunyuan_v1_dense"
    " hunyuan_v1_moe jamba jetmoe mbart minicpm3 modernbert-decoder mvp olmo olmo2 olmo3 openai-gpt opt"
    " perceiver phimoe plbart qwen3_5_text reformer tapas zamba zamba2".split()
)
#: The hyper-parameter of methods that put tokens of their own before the text.
VIRTUAL_TOKENS = "num_virtual_tokens"
#: Those of AdaLoRA: updates before ranks are taken, and after.
PHASES = ("tinit", "tfinal")


@dataclass(frozen=True)
class Suited:
    """A recipe for one model and task.

    Attributes:
        recipe: as it is trained.
        note: what was changed, to be told; "" for nothing.
        refused: why it cannot be trained; "" where it can.
    """

    recipe: Recipe
    note: str = ""
    refused: str = ""


def suited(recipe: Recipe, model: ModelSpec, task: TaskSpec, hparams: Mapping[str, Value]) -> Suited:
    """A recipe that fits a model.

    Args:
        recipe: as it was asked for.
        model: its positions and its head.
        task: what is to be trained on.
        hparams: of the method; virtual tokens take positions from the text.
    """
    refused = no_token_head(model, task) or (no_head_to_keep(model, task) if recipe.head == KEPT else "")
    # Where the weights have no head, "drawn" says nothing: it is the same job.
    head = (recipe.head or DRAWN) if model.head else None if model.head == 0 else recipe.head
    fitting = replace(recipe, head=head)
    fits = length(recipe.max_length, model, task.longest, hparams)
    if fits == recipe.max_length:
        return Suited(fitting, "", refused)
    virtual = _virtual(hparams)
    why = f"{model.name} has {model.positions} positions"
    why += f", {virtual} of them for virtual tokens" if virtual else ""
    if fits < SHORTEST:
        return Suited(fitting, "", f"{why}: too few for any text")
    note = f"max_length is {fits}, not {recipe.max_length}: {why}"
    return Suited(replace(fitting, max_length=fits), note, refused)


def length(asked: int, model: ModelSpec, longest: int, hparams: Mapping[str, Value]) -> int:
    """The most tokens of a text: as asked for, or those that a model has positions for.

    A length that no row of the task has is left as it was asked for; ``longest`` is 0 where it is not known.
    """
    room = model.positions - _virtual(hparams)
    longest = min(asked, longest or asked)
    return asked if not model.positions or longest <= room else room


def _virtual(hparams: Mapping[str, Value]) -> int:
    given = hparams.get(VIRTUAL_TOKENS)
    return given if isinstance(given, int) else 0


def too_short(updates: int | None, hparams: Mapping[str, Value]) -> str:
    """Why a job makes too few updates for a method that does its work after some and before others; "" else.

    Args:
        updates: of the job; None where they are not known.
        hparams: of the method.
    """
    first, last = (hparams.get(name) for name in PHASES)
    if updates is None or not isinstance(first, int) or not isinstance(last, int) or first + last < updates:
        return ""
    told = " and ".join(f"{name}={hparams[name]}" for name in PHASES)
    return f"{told} leave none of the job's {updates} updates between them"


def no_token_head(model: ModelSpec, task: TaskSpec) -> str:
    """Why a model cannot label words; "" where it can, or need not."""
    if not task.by_word or model.family not in WITHOUT_TOKEN_HEAD:
        return ""
    return f"transformers has no {model.family} with a head on each token, which labels of words need"


def no_head_to_keep(model: ModelSpec, task: TaskSpec) -> str:
    """Why the head of a checkpoint cannot be kept for a task; "" where it can, or where it is not known."""
    if model.head is None:
        return ""
    if not model.head:
        return "its weights have no head to keep"
    if model.head != task.outputs:
        return f"its head has {model.head} outputs, and {task.title} needs {task.outputs}"
    if not task.regression and tuple(map(_plain, model.labels)) != tuple(map(_plain, task.labels)):
        named = ", ".join(model.labels) or "not named"
        return f"the classes of its head are {named}, and those of {task.title} {', '.join(task.labels)}"
    return ""


def _plain(label: str) -> str:
    return label.strip().lower().replace("-", "_").replace(" ", "_")
