"""DPS Mix: DPS whose whole updates are Mixout's, and whose selection favours what was updated less often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ftbench.domain.hparams import hparam
from ftbench.methods.dps_dense import DPSDense

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ftbench.nn.mixed import MixedLinear
    from ftbench.run.run import Run


def selection_score(gam: Tensor, fam: Tensor, us: int, penalty_from: int = 50) -> Tensor:
    """GAM/FAM, times exp(-FAM/us) in long stages (Zhang et al. 2022, Eq. 7); 0 where never updated.

    Args:
        gam: accumulated squared gradients, shape (out, in).
        fam: in how many steps each was updated, shape (in,) or (out, in); 0 to ``us``.
        us: steps of a stage.
        penalty_from: stages of so many steps or more have the factor.
    """
    mean = gam / fam.clamp(min=1)
    return mean * (-fam / us).exp() if us >= penalty_from else mean


class DPSMix(DPSDense):
    """DPS Mix (Zhang et al. 2022, Alg. 1, Eq. 7-8): DPS Dense over mixed weights.

    Differs from the authors' code: as DPS Dense, and the backward pass of a mixed weight has no 1/(1-p)
    there (``exact_gradient=false``).
    """

    title = "DPS Mix"
    paper = "Zhang et al. 2022, arXiv:2211.01642, Alg. 1, Eq. 7-8"
    formula = (
        "p = 1−keep_ratio. Stage I: Mixout toward W₀, GAM += G², FAM += M;  stage II: M from GAM/FAM "
        "(·exp(−FAM/us) if us ≥ 50),  W̃ = ((1−M)⊙W′ + M⊙W − p·W′)/(1−p) with W′ the weights it began with"
    )
    cost = "1 pass a step; each linear weight is mixed once a call; a selection in every cycle"
    memory = "3 buffers a linear weight: W₀; GAM, in stage II W′ and a byte; W̃ while a pass runs"
    unsupported_note = "XLNet's attention keeps raw projections: they are selected, but not mixed"
    published = {
        **{name: value for name, value in DPSDense.published.items() if name != "dropout_below"},
        "exact_gradient": False,
    }
    differs = (
        "exact_gradient=false (released, variant=published): the backward pass gives G⊙M, without the "
        "1/(1−p) of the derivative (Eq. 2, 8). Default: the derivative.",
        "frozen=drifting (released): momentum and decay move the stored weights that are not selected; stage "
        "II does not see it, stage I and the evaluation do. Default: they stay constant, as the paper says.",
        "cycle=published (released): us counts the steps of one epoch in the low-resource runs (1000 rows or "
        "fewer); at least 1 here. Default: all steps, as Alg. 1.",
        "dropout=0 (released): whatever the length; the paper does not say so. Default: the recipe's.",
        "head_init=kaiming_uniform (released): the new layers are drawn as torch draws them: DPS Dense's "
        "head, but another head than the other methods start from. Default: as for every method.",
        "optimizer: the authors' step is that of transformers 4's AdamW: variant=published is theirs with "
        "`--set optimizer=adamw_hf`, which the suites of their tables set. Default: the recipe's, torch's.",
        "W₀ of new layers is their own random start; FAM counts steps, by input column; a layer that is "
        "called several times a pass (ALBERT) draws at every call, and is updated where any call kept it.",
        "threshold, clipping, keep_ratio and the count of steps: as DPS Dense. Where stage I updated less "
        "than keep_ratio of a matrix (us=1), what is left ties at 0, and all of it is selected: as the code.",
    )

    @dataclass(frozen=True)
    class HParams(DPSDense.HParams):
        """Hyper-parameters of DPS Mix."""

        exact_gradient: bool = hparam(True, help="the backward pass has the factor 1/(1-p)")
        penalty_from: int = hparam(
            50, range=(1, float("inf")), unit="updates", help="stages so long penalise frequent updates"
        )

    def __init__(self, hparams: HParams | None = None) -> None:
        """Begin without a selection."""
        super().__init__(hparams)
        self._fam: dict[str, Tensor] = {}
        self._kept: dict[str, Tensor] = {}  # columns that some call of this step kept

    def configure_model(self, model: nn.Module, run: Run) -> nn.Module | None:
        """As DPS Dense, and insert the mixed layers."""
        from ftbench.nn import mixed

        super().configure_model(model, run)
        p = 1 - self.hparams.keep_ratio
        if p == 0:
            return None

        def mixture(layer: MixedLinear) -> tuple[Tensor, Tensor]:
            weight = _weight(layer)
            if weight in self._masks:
                return self._masks[weight], self._held[weight]
            keep = run.noise.bernoulli(layer.name, (layer.in_features,), 1 - p, like=layer.weight)
            before = self._kept.get(weight)
            self._kept[weight] = keep if before is None else before.maximum(keep)
            return keep, layer.start

        return mixed.insert(model, mixture, p=p, exact_gradient=self.hparams.exact_gradient)

    def on_train_start(self, run: Run) -> None:
        """The weights that training starts from are the target of stage I."""
        from ftbench.nn import mixed

        for layer in mixed.layers(run.model):
            layer.restart()

    def model_for_evaluation(self, run: Run) -> nn.Module:
        """The model with its plain layers."""
        from ftbench.nn import mixed

        return mixed.remove(run.model)

    def state_dict(self) -> dict[str, Any]:
        """As DPS Dense, with the frequencies."""
        return {**super().state_dict(), "fam": self._fam}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue inside a stage."""
        super().load_state_dict(state)
        self._fam = dict(state["fam"])

    def _clear(self) -> None:
        super()._clear()
        self._fam.clear()
        self._kept.clear()

    def _accumulate(self, run: Run) -> None:
        """GAM += G², of the gradient of the stored weight; FAM += M."""
        super()._accumulate(run)
        for name, keep in self._kept.items():
            self._fam[name] = self._fam[name] + keep if name in self._fam else keep
        self._kept = {}

    def _score(self, name: str, gam: Tensor, us: int) -> Tensor:
        fam = self._fam.pop(name, None)
        return gam if fam is None else selection_score(gam, fam, us, self.hparams.penalty_from)

    def _holds(self) -> bool:
        return True


def _weight(layer: MixedLinear) -> str:
    """The name of a layer's weight."""
    return f"{layer.name}.weight" if layer.name else "weight"
