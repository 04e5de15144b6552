"""Bi-Drop (Tong et al. 2023, arXiv:2305.14760): its tables and figures.

The authors released no code: every method runs as its own paper says. The fraction of gradients that is kept
is stated nowhere; ours is the default of ``bidrop``. Learning rates were picked from ten values, with the
selection unstated; here they are those of the recipe.
"""

from __future__ import annotations

from ftbench.domain.perturbation import Perturbation
from ftbench.suites._suite import Line, Panel, Suite, SuiteColumn

_VANILLA, _BIDROP = Line("Vanilla", "vanilla"), Line("Bi-Drop", "bidrop")
_CTD, _RDROP = Line("Child-Tuning_D", "child_tuning_d"), Line("R-Drop", "rdrop")
_DPS = Line("DPS", "dps_mix")
_GLUE = "cola,mrpc,rte,stsb,sst2,qnli,qqp,mnli"
_NOISY = "cola,mrpc,rte"
_SEARCH = "Learning rates were searched in the paper and are those of the recipe here."

TABLE2 = Suite(
    name="bidrop/table2",
    title="Comparison with prior methods, BERT-large (Bi-Drop, Table 2)",
    blocks=(
        Panel(
            lines=(
                _VANILLA,
                Line("Weight Decay", "prior_wd"),
                Line("Top-K Tuning", "top_k"),
                Line("Mixout", "mixout"),
                Line("RecAdam", "recadam"),
                _CTD,
                Line("R3F", "r3f"),
                _DPS,
                _RDROP,
                _BIDROP,
            ),
        ),
    ),
    statistics=("mean", "max"),
    difference="vanilla",
    protocol=f"Mean (max) of 10 seeds on the validation set. {_SEARCH}",
)

TABLE3 = Suite(
    name="bidrop/table3",
    title="Six pretrained models (Bi-Drop, Table 3)",
    blocks=tuple(
        Panel(lines=(_VANILLA, _BIDROP), model=model)
        for model in (
            "bert-base",
            "roberta-base",
            "bert-large",
            "roberta-large",
            "deberta-large",
            "electra-large",
        )
    ),
    difference="vanilla",
    protocol=f"Mean of 10 seeds; each model with its own recipe (Table 9). {_SEARCH}",
)


def _ood(trained: str) -> Panel:
    sets = (
        ("MNLI", "mnli", "mnli"),
        ("MNLI-m", "mnli-mm", "mnli-mm"),
        ("SNLI", "snli", "dev"),
        ("SICK", "sick", "dev"),
    )
    columns = []
    for title, name, rows in sets:
        task = "mnli" if name == "mnli-mm" else name
        evaluation = rows if task == trained else f"{task}:{rows}"
        columns.append(SuiteColumn(title, evaluation, name, averaged=name != trained))
    return Panel(
        lines=(_VANILLA, _CTD, _RDROP, _DPS, _BIDROP),
        tasks=trained,
        title=f"trained on {trained.upper()}",
        setting=f"ood:train={trained},n=5000",
        change=Perturbation.of({"train_size": 5000}),
        evaluate="snli,sick" if trained == "mnli" else "mnli:mnli,mnli:mnli-mm,sick",
        columns=tuple(columns),
    )


TABLE4 = Suite(
    name="bidrop/table4",
    title="Out-of-domain generalisation (Bi-Drop, Table 4)",
    blocks=(_ood("snli"), _ood("mnli")),
    transposed=True,
    difference="vanilla",
    protocol="Trained on 5,000 rows of SNLI or MNLI. The average leaves the set trained on out; MNLI-m, the "
    "mismatched set, counts as out of domain for MNLI. SICK's split and labels are not stated: the "
    "trial part, "
    "three classes, here. Which variant of DPS is not stated: DPS Mix here.",
)

_ROBUST = (_VANILLA, _CTD, _RDROP, _BIDROP)
TABLE5 = Suite(
    name="bidrop/table5",
    title="Robustness to label noise and to class imbalance (Bi-Drop, Table 5)",
    blocks=(
        Panel(lines=_ROBUST, tasks=_NOISY, title="clean"),
        *(
            Panel(
                lines=_ROBUST,
                tasks=_NOISY,
                change=Perturbation.of({"noise": ratio}),
                title=f"noise {100 * ratio:g} %",
                setting=f"noise={ratio:g}",
            )
            for ratio in (0.05, 0.1, 0.15)
        ),
        *(
            Panel(
                lines=_ROBUST,
                tasks=_NOISY,
                change=Perturbation.of({"reduction": ratio}),
                title=f"label 1 reduced by {100 * ratio:g} %",
                setting=f"reduction={ratio:g}",
                metric="accuracy_label1",
            )
            for ratio in (0.7, 0.6, 0.5)
        ),
    ),
    difference="clean",
    protocol="Noise: the share of training labels made wrong; beside the average, the drop against the clean "
    "run. Reduction: accuracy on validation rows with label 1. The number of seeds is not stated for this "
    "table: 10 here.",
)

TABLE6 = Suite(
    name="bidrop/table6",
    title="Low-resource training (Bi-Drop, Table 6)",
    blocks=tuple(
        Panel(
            lines=(_VANILLA, _CTD, _DPS, _BIDROP),
            tasks=_GLUE,
            change=Perturbation.of({"train_size": size}),
            title=f"{size} rows",
            setting=f"n={size}",
        )
        for size in (500, 1000)
    ),
    difference="vanilla",
    protocol="How the subsets were drawn is not stated: stratified here, anew for each seed. Which "
    "variant of "
    "DPS is not stated: DPS Mix here.",
)

TABLE7 = Suite(
    name="bidrop/table7",
    title="Ablation of the sub-net selection (Bi-Drop, Table 7)",
    blocks=(
        Panel(
            lines=(
                Line("Bi-Drop (g_avg + ESS)", "bidrop", "ablation:g_avg+ESS"),
                Line("g_avg + perturbation", "bidrop[selection=perturbation]", "ablation:g_avg+perturbation"),
                Line("g_avg + scaling", "bidrop[selection=scaling]", "ablation:g_avg+scaling"),
                Line("g_avg + RSS", "bidrop[selection=random]", "ablation:g_avg+RSS"),
                Line("g_avg", "bidrop[selection=none]", "ablation:g_avg"),
                Line("Vanilla", "vanilla", "ablation:vanilla"),
            ),
        ),
    ),
    difference="vanilla",
    protocol="ESS: both factors. RSS: as many entries, at random.",
)

TABLE10 = Suite(
    name="bidrop/table10",
    title="Bi-Drop against a doubled batch (Bi-Drop, Table 10)",
    blocks=(
        Panel(
            lines=(
                Line("Vanilla", "vanilla"),
                Line("Vanilla, batch doubled", "vanilla", "batch_doubling:batch_size=32", doubled="epochs"),
                Line("Vanilla, batch doubled, same updates", "vanilla", "-", doubled="updates", ours=True),
                _BIDROP,
            ),
            model="bert-base",
            setting="batch_doubling",
        ),
    ),
    protocol="The model is not named; its rows are those of BERT-base in Table 3. The number of epochs "
    "is taken "
    "as fixed, so that a doubled batch means half the updates; the line with as many updates is ours.",
)

TABLE11 = Suite(
    name="bidrop/table11",
    title="Comparison with prior methods, RoBERTa-large (Bi-Drop, Table 11)",
    blocks=(Panel(lines=(_VANILLA, _CTD, _DPS, _RDROP, _BIDROP), model="roberta-large"),),
    statistics=("mean", "max"),
    difference="vanilla",
    protocol=f"Mean (max) of 10 seeds. {_SEARCH}",
)


def _transfer(trained: str) -> Panel:
    others = [name for name in ("mrpc", "cola", "rte") if name != trained]
    titles = {"mrpc": "MRPC", "cola": "CoLA", "rte": "RTE"}
    return Panel(
        lines=(_VANILLA, _BIDROP),
        tasks=trained,
        title=f"trained on {titles[trained]}",
        setting=f"transfer:train={trained}",
        evaluate=",".join(f"{name}@linear,{name}@logistic" for name in others),
        columns=tuple(
            SuiteColumn(
                f"{titles[name]} ({probe})",
                f"{name}:dev@{probe}",
                averaged=probe == "linear",
                difference=name == "cola" and probe == "linear",  # in the text of Sec. 4.6
            )
            for name in others
            for probe in ("linear", "logistic")
        ),
    )


FIGURE3 = Suite(
    name="bidrop/figure3",
    title="Transfer to other tasks by a frozen encoder (Bi-Drop, Figure 3)",
    blocks=tuple(_transfer(name) for name in ("mrpc", "cola", "rte")),
    protocol="The figure has no numbers; by the text Bi-Drop gains 3.50 from MRPC to CoLA and 3.28 from RTE "
    "to CoLA, which stand beside the difference of the linear heads. How the new head is trained is "
    "not stated: a linear head, and a logistic regression beside it.",
)

FIGURE4 = Suite(
    name="bidrop/figure4",
    title="Stability over seeds (Bi-Drop, Figure 4)",
    blocks=(Panel(lines=(_VANILLA, _CTD, _RDROP, _BIDROP)),),
    statistics=("mean", "std"),
    protocol="The figure has no numbers and does not name its four settings: the four small tasks here.",
)

FIGURE5 = Suite(
    name="bidrop/figure5",
    title="The dropout rate of Bi-Drop (Bi-Drop, Figure 5)",
    blocks=tuple(
        Panel(lines=(_BIDROP,), title=f"dropout {rate:g}", settings=(f"dropout={rate:g}",))
        for rate in (0.01, 0.05, 0.1, 0.15, 0.2)
    ),
    protocol="The figure has no numbers, and its rates are not in the text: these are ours; `ftbench plot "
    "sweep --suite bidrop/figure5` draws them. By the text CoLA and RTE are best at 0.05 and MRPC "
    "at 0.1.",
)
