"""Bi-Drop (Tong et al. 2023, arXiv 2305.14760): its tables as grids."""

from __future__ import annotations

from ftbench.suites._suite import Suite

_COMMON = {"methods": "rdrop,bidrop", "tasks": "cola,mrpc,rte", "models": "bert-large", "seeds": "10"}

TABLE5 = Suite(
    name="bidrop/table5",
    title="Robustness to label noise and to class imbalance (Bi-Drop, Table 5)",
    axes=(
        {**_COMMON, "noise": "0,0.05,0.10,0.15"},
        {**_COMMON, "reduction": "0.7,0.6,0.5"},
    ),
    protocol="Noise: the mean drop against the clean run. Reduction: accuracy on rows with label 1, "
    "and its gain over vanilla.",
)
