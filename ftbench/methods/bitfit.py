"""BitFit: only the biases and the head are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ftbench.domain.model import BIASES
from ftbench.errors import ModelError
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import nn

    from ftbench.domain.model import ModelSpec
    from ftbench.domain.task import TaskSpec
    from ftbench.run.run import Run


class BitFit(Method):
    """BitFit (Ben Zaken et al. 2022, arXiv:2106.10199): biases, those of LayerNorms included, and the head.

    Differs from the authors' code: in the recipe only; see ``differs``.
    """

    title = "BitFit"
    paper = "Ben Zaken et al. 2022, arXiv:2106.10199"
    neutral_start = True
    family = "parameter-efficient"
    formula = "train every bias and the new head; freeze all other weights"
    cost = "1 pass a step"
    memory = "less than vanilla: gradients and moments of the biases and the head alone"
    needs = frozenset({BIASES})
    unsupported_note = "models without biases (ModernBERT, Llama, Mistral, Qwen3, Gemma, T5)"
    differs = (
        "recipe: brings lr 1e-3 and 16 epochs (the code's; in the few updates that fine-tuning needs it "
        "hardly begins to learn), unless others are set; the rest of the recipe is the comparison's.",
        "variant=published: lr 1e-3, 16 epochs, batch 8, constant rate, no decay, transformers' AdamW.",
        "A checkpoint that has its classifier already: what is outside its body counts as the head.",
    )

    @classmethod
    def recipe_defaults(cls, variant: str = "paper") -> dict[str, Any]:
        """A learning rate and length for few parameters; the released schedule on demand."""
        if variant != "published":
            return {"lr": 1e-3, "epochs": 16}
        return {
            "lr": 1e-3,
            "epochs": 16,
            "batch_size": 8,
            "schedule": "constant",
            "warmup_ratio": 0.0,
            "weight_decay": 0.0,
            "optimizer": "adamw_hf",
        }

    def unsupported(self, model: ModelSpec, task: TaskSpec) -> str | None:
        """Models that have no biases."""
        if model.family == "modernbert":
            return f"bitfit: {model.name} has no biases to train"
        return None

    def configure_model(self, model: nn.Module, run: Run) -> None:
        """Freeze what is neither bias nor head.

        Raises:
            ModelError: the body has no biases.
        """
        from ftbench.nn import structure

        head = run.head_names or structure.outside_body(model)
        names = [name for name, _ in model.named_parameters()]
        biases = {n for n in names if n.rpartition(".")[2].endswith("bias")}
        if not biases - head:
            raise ModelError("bitfit: the model has no biases to train")
        for name, parameter in model.named_parameters():
            if name not in biases and name not in head:
                parameter.requires_grad_(False)
