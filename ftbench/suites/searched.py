"""What the papers say that they searched; what they leave out is not filled in.

Bi-Drop: the learning rate in its section 4 (footnote), dropout of Bi-Drop itself in its appendix C. The
baselines' grids: DPS's appendix D as the weight mixup's appendix D.3 repeats it. λ and ε of R3F, α of
R-Drop and p of Child-Tuning_D are lost in the copies: there the methods' cards speak, whose grids are those
of the methods' own papers or scripts. DPS and the weight mixup print no learning-rate grid.
"""

from __future__ import annotations

from collections.abc import Mapping

_Tried = tuple[float | str, ...]

#: What all methods of Bi-Drop's tables were searched over.
SHARED: Mapping[str, _Tried] = {"lr": (1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5, 7e-5, 8e-5, 9e-5, 1e-4)}

#: Method -> hyper-parameters, and settings of the recipe, that were searched for it.
OWN: Mapping[str, Mapping[str, _Tried]] = {
    "bidrop": {"dropout": (0.05, 0.1)},
    "mixout": {"p": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)},
    "r3f": {"noise_type": ("normal", "uniform")},
    "reinit": {"layers": (1, 2, 3, 4, 5, 6, 7)},
    "dps_dense": {"keep_ratio": (0.9, 0.8, 0.7, 0.6, 0.5)},
}
