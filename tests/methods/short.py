"""Hyper-parameters with which methods that are long by default are short."""

from __future__ import annotations

#: Shorter forms of what is long by default.
SHORT = {
    "dps_mix": "penalty_from=3",
    "lp_ft": "probe_epochs=1",
    "recadam": "anneal_t0=3,pretrain_cof=50",
    "soup": "members=2",
    "weight_mixup": "k=1,search_epochs=0.5,finetune_epochs=0.5",
}
