"""The phases of the weight mixup: the search for alpha, joint training, the last fine-tuning."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ftbench.domain.hparams import hparam
from ftbench.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.nn.optimizers import Optimizer
    from ftbench.run.data import Batch
    from ftbench.run.run import Run

_INF = float("inf")


class Phase(Method):
    """What the phases share: the settings, the mixed layers, which parameters are attention."""

    published = {
        "rank_constant": False,
        "alpha_weight_decay": 0.0,
        "average": "all",
        "centre": "after",
        "restore": False,
        "rollback": "noop",
        "wipe_adam": True,
        "precondition": True,
        "eta_w": False,
        "perturbed_masks": "independent",
        "search_optimizer": "adamw_hf",
        "clip_counts_frozen": True,
    }

    @dataclass(frozen=True)
    class HParams:
        """The weight mixup's hyper-parameters."""

        k: int = hparam(5, range=(1, 100), unit="runs", help="searches that are averaged", grid=(1, 2, 5))
        rank: int = hparam(1, range=(1, 1024), help="of the attention", grid=(1, 2, 8))
        held_out: float = hparam(
            0.2, range=(0, 1), open="both", help="part of the rows that teaches alpha", grid=(0.2, 0.5)
        )
        formula: str = hparam(
            "factored",
            choices=("factored", "convex"),
            help="(AB)W + ((1-A)(1-B))W0, or alpha W + (1-alpha)W0",
        )
        rank_constant: bool = hparam(True, help="divide products of A and B by the rank (Eq. 3)")
        alpha: str = hparam(
            "searched",
            choices=("searched", "joint", "random", "ones"),
            help="bi-level; or (ablations, one run of the recipe's length) trained with W on all rows, "
            "drawn and fixed, or 1",
        )
        alpha_std: float = hparam(
            0.005, range=(0, _INF), help="spread of A and B around 1 at first", grid=(0.005, 0.1, 0.45)
        )
        alpha_lr: float = hparam(2e-3, range=(0, _INF), open="low", help="peak learning rate of alpha")
        alpha_weight_decay: float = hparam(0.01, range=(0, _INF), help="decoupled, on A and B")
        alpha_schedule: str = hparam("cosine", choices=("linear", "cosine", "constant"), help="of alpha")
        alpha_warmup: float | None = hparam(
            None, range=(0, 1), later=True, help="of alpha, a fraction of its updates; none: the recipe's"
        )
        search_epochs: float | None = hparam(
            3.0,
            range=(0, _INF),
            open="low",
            unit="epochs",
            help="of each search; none: the recipe's",
            grid=(1, 2, 3, 5),
        )
        search_clip: float = hparam(5.0, range=(0, _INF), help="largest gradient norm of W in the search")
        search_optimizer: str | None = hparam(
            None, choices=("adamw_torch", "adamw_hf", "sgd"), help="of W in the search; none: the recipe's"
        )
        finetune_epochs: float | None = hparam(
            1.0,
            range=(0, _INF),
            open="low",
            unit="epochs",
            help="of the last run; none: the recipe's",
            grid=(1, 3),
        )
        average: str = hparam("all", choices=("all", "alpha"), help="what is averaged over the searches")
        darts_constant: float = hparam(0.01, range=(0, 1), open="low", help="norm of the perturbation of W")
        centre: str = hparam(
            "before", choices=("before", "after"), help="perturb W from before the inner step, or W'"
        )
        restore: bool = hparam(True, help="bring W' back; false with centre=before: W' is lost")
        rollback: str = hparam(
            "none",
            choices=("none", "noop", "real", "all"),
            help="a second inner step: none; without going back; from W; from W and the old alpha",
        )
        wipe_adam: bool = hparam(False, help="rollback=noop: lose W's Adam state after the first alpha step")
        precondition: bool = hparam(False, help="divide the validation gradient by Adam's factor per tensor")
        eta_w: bool = hparam(True, help="the learning rate of W in the indirect term")
        perturbed_masks: str = hparam(
            "shared",
            choices=("shared", "off", "independent"),
            help="dropout masks of the two perturbed passes",
        )
        clip_counts_frozen: bool = hparam(
            False, help="in the last run, clip by a norm that counts gradients of alpha and W0"
        )

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Mix every linear layer; A and B are drawn around 1 and projected onto [0, 1]."""
        from ftbench.nn.mixup import mix_linears, mixed_layers

        h = self.hparams
        mixed = mix_linears(model, h.rank, h.formula, h.rank_constant)
        for name, layer in mixed_layers(mixed).items():
            for part, values in (("a1", layer.a1.data), ("a2", layer.a2.data)):
                if h.alpha != "ones":
                    values += run.noise.normal(f"{name}.{part}", values.shape, h.alpha_std, like=values)
                    values.clamp_(0.0, 1.0)
        return mixed

    def _alphas(self, run: Run) -> dict[str, nn.Parameter]:
        from ftbench.nn.mixup import attention_names

        names = attention_names(run.model)
        return {n: p for n, p in run.parameters.items() if n in names}

    def _weights(self, run: Run) -> dict[str, nn.Parameter]:
        alphas = self._alphas(run)
        return {n: p for n, p in run.parameters.items() if n not in alphas and p.requires_grad}

    def _both_optimizers(self, run: Run) -> dict[str, Optimizer]:
        h = self.hparams
        alphas = run.optimizer(
            self._alphas(run),
            lr=h.alpha_lr,
            decay=h.alpha_weight_decay,
            flavour="adamw_torch",
            schedule=h.alpha_schedule,
            clip=0.0,
            warmup=None if h.alpha_warmup is None else math.ceil(h.alpha_warmup * run.total_steps - 1e-9),
        )
        return {"weights": run.optimizer(self._weights(run)), "alphas": alphas}


class Search(Phase):
    """The search: W on one part of the rows, alpha on the other through a step of W (Eq. 4-6)."""

    @property
    def held_out_fraction(self) -> float:  # type: ignore[override]
        """The rows of the upper level."""
        return float(self.hparams.held_out)

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """``weights`` and ``alphas``."""
        return self._both_optimizers(run)

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """A step of W, then one of alpha; then, as published, W's once more."""
        from ftbench.nn import hypergradient as hyper

        h, inner = self.hparams, run.optimizers["weights"].inner
        weights = list(self._weights(run).values())
        before = hyper.copies(weights) if h.centre == "before" else None
        chosen = list(run.parameters.values()) if h.rollback == "all" else weights
        goes_back = h.rollback in ("real", "all")
        held = (hyper.copies(chosen), copy.deepcopy(inner.state_dict())) if goes_back else None
        loss = self._inner_step(run, batch)
        self._outer_step(run, batch, weights, before)
        if h.rollback == "none":
            return loss
        if held is not None:
            hyper.put(chosen, held[0])
            inner.load_state_dict(held[1])
        elif h.wipe_adam and run.step == 0:
            inner.state.clear()
        self._inner_step(run, batch)
        return loss

    def _inner_step(self, run: Run, batch: Batch) -> Tensor:
        from ftbench.nn.hypergradient import without_gradient

        with without_gradient(self._alphas(run).values()):
            loss = run.backward(self.compute_loss, batch)
            run.step_optimizer("weights")
        return loss

    def _outer_step(
        self, run: Run, batch: Batch, weights: list[nn.Parameter], before: list[Tensor] | None
    ) -> None:
        """Move alpha down L_val(W'(alpha), alpha), Eq. 6; ``before``: W of before the inner step."""
        from ftbench.nn import hypergradient as hyper

        h, optimizer = self.hparams, run.optimizers["weights"]
        run.record("outer_loss", run.backward(self.compute_loss, run.next_batch("held_out")))
        found = run.take_gradients()
        direct = {n: found.pop(n) for n in self._alphas(run) if n in found}
        vector = {run.parameters[n]: g for n, g in found.items()}
        if h.precondition:
            hyper.precondition(vector, optimizer.inner)
        stepped = before
        if before is not None:
            hyper.swap(weights, before)  # the model holds W from here on, the copy W'
        elif h.restore:
            stepped = hyper.copies(weights)
        with hyper.without_gradient(weights):
            difference = self._difference(run, batch, vector)
        if h.restore and stepped is not None:
            hyper.put(weights, stepped)
        rate = optimizer.schedule(run.step) if h.eta_w else 1.0
        run.set_gradients({n: hyper.hypergradient(g, difference[n], rate) for n, g in direct.items()})
        run.step_optimizer("alphas")

    def _difference(self, run: Run, batch: Batch, vector: Mapping[nn.Parameter, Tensor]) -> dict[str, Tensor]:
        """The mixed derivative of the training loss along ``vector``; W is left at W - εv."""
        from ftbench.nn import hypergradient as hyper

        def gradient() -> dict[str, Tensor]:
            run.backward(self.compute_loss, batch)
            return run.take_gradients()

        dropout: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "shared": run.same_dropout,
            "off": lambda: run.dropout(0.0),
            "independent": nullcontext,
        }
        # In bf16 the weights would be rounded by more than they are perturbed.
        with dropout[self.hparams.perturbed_masks](), run.full_precision():
            return hyper.mixed_difference(
                list(vector), list(vector.values()), self.hparams.darts_constant, gradient
            )


class Joint(Phase):
    """The ablation: alpha and W descend the same loss, on all rows."""

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """``weights`` and ``alphas``."""
        return self._both_optimizers(run)

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """One pass, a step of each."""
        loss = run.backward(self.compute_loss, batch)
        run.step_optimizer("weights")
        run.step_optimizer("alphas")
        return loss


class FineTune(Phase):
    """The last run: W on all rows, alpha fixed; also the whole of the ablations with a fixed alpha.

    Args:
        hparams: the method's.
        start: values by name that the searches found; A, B and W where they are there.
    """

    def __init__(
        self, hparams: Phase.HParams | None = None, start: Mapping[str, Tensor] | None = None
    ) -> None:
        super().__init__(hparams)
        self._start = start or {}

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """Mix the layers and begin where the searches ended; W0 is pretrained."""
        from ftbench.nn.mixup import attention_names, mixed_layers

        mixed = super().configure_model(model, run)
        assert mixed is not None
        wanted = attention_names(mixed) if self.hparams.average == "alpha" else self._start
        mixed.load_state_dict({n: v for n, v in self._start.items() if n in wanted}, strict=False)
        for layer in mixed_layers(mixed).values():
            for frozen in (layer.a1, layer.a2, layer.w0):
                frozen.requires_grad_(self.hparams.clip_counts_frozen)
        return mixed

    def configure_optimizers(self, model: nn.Module, run: Run) -> dict[str, Optimizer]:
        """``weights`` alone."""
        from ftbench.nn.mixup import CountingOptimizer, mixed_layers

        optimizer = run.optimizer(self._weights(run))
        if self.hparams.clip_counts_frozen:
            counted = [t for m in mixed_layers(model).values() for t in (m.a1, m.a2, m.w0)]
            optimizer = CountingOptimizer(optimizer.inner, optimizer.schedule, optimizer.clip, counted)
        return {"weights": optimizer}

    def training_step(self, run: Run, batch: Batch) -> Tensor:
        """As plain fine-tuning."""
        loss = run.backward(self.compute_loss, batch)
        run.step_optimizer("weights")
        return loss
