"""GLUE (Wang et al. 2019, arXiv:1804.07461): eight tasks: files, label order, metric, reported split.

Columns are those of the official files; the label order is that of ``nyu-mll/glue`` on the hub, which the
papers' scripts read. Scores are reported on the original validation sets: the test labels are not public.
"""

from __future__ import annotations

from ftbench.domain.task import HubSplit, RowSet, TaskSpec, TsvFile

DATASET = "nyu-mll/glue"


def _rows(
    name: str,
    path: str,
    config: str,
    split: str,
    text: tuple[str, ...],
    label: str,
    hub_text: tuple[str, ...] = (),
) -> RowSet:
    """A set with both of its sources; ``hub_text`` where the hub names the columns otherwise."""
    return RowSet(name, TsvFile(path, text, label), HubSplit(DATASET, config, split, hub_text or text))


def _cola(name: str, file: str, split: str) -> RowSet:
    # No header: source, label, the author's own mark, sentence.
    tsv = TsvFile(f"CoLA/{file}.tsv", (3,), 1, header=False, width=4)
    return RowSet(name, tsv, HubSplit(DATASET, "cola", split, ("sentence",)))


def _qqp(name: str, file: str, split: str, broken: int = 0) -> RowSet:
    tsv = TsvFile(f"QQP/{file}.tsv", ("question1", "question2"), "is_duplicate", broken=broken)
    return RowSet(name, tsv, HubSplit(DATASET, "qqp", split, ("question1", "question2")))


def _mnli(name: str, file: str, split: str) -> RowSet:
    # A row on which the annotators did not agree has "-" for its gold label.
    tsv = TsvFile(f"MNLI/{file}.tsv", ("sentence1", "sentence2"), "gold_label", unlabelled=("-", ""))
    return RowSet(name, tsv, HubSplit(DATASET, "mnli", split, ("premise", "hypothesis")))


_PAIR = ("sentence1", "sentence2")
_MRPC_PAIR = ("#1 String", "#2 String")
_BINARY = {"0": 0, "1": 1}

COLA = TaskSpec(
    name="cola",
    title="CoLA",
    benchmark="glue",
    labels=("unacceptable", "acceptable"),
    label_names=_BINARY,
    metric="matthews",
    train=_cola("train", "train", "train"),
    evaluation=(_cola("dev", "dev", "validation"),),
    train_rows=8_551,
    note="is the sentence grammatical",
)

MRPC = TaskSpec(
    name="mrpc",
    title="MRPC",
    benchmark="glue",
    labels=("not_equivalent", "equivalent"),
    label_names=_BINARY,
    metric="f1",
    train=_rows("train", "MRPC/train.tsv", "mrpc", "train", _MRPC_PAIR, "Quality", _PAIR),
    evaluation=(_rows("dev", "MRPC/dev.tsv", "mrpc", "validation", _MRPC_PAIR, "Quality", _PAIR),),
    train_rows=3_668,
    note="do two sentences of the news mean the same",
)

RTE = TaskSpec(
    name="rte",
    title="RTE",
    benchmark="glue",
    labels=("entailment", "not_entailment"),
    metric="accuracy",
    train=_rows("train", "RTE/train.tsv", "rte", "train", _PAIR, "label"),
    evaluation=(_rows("dev", "RTE/dev.tsv", "rte", "validation", _PAIR, "label"),),
    train_rows=2_490,
    note="does the text entail the hypothesis",
)

STSB = TaskSpec(
    name="stsb",
    title="STS-B",
    benchmark="glue",
    labels=(),
    label_range=(0.0, 5.0),
    # The papers report Spearman's correlation alone, not its mean with Pearson's.
    metric="spearman",
    train=_rows("train", "STS-B/train.tsv", "stsb", "train", _PAIR, "score"),
    evaluation=(_rows("dev", "STS-B/dev.tsv", "stsb", "validation", _PAIR, "score"),),
    train_rows=5_749,
    note="how similar are two sentences, 0 to 5",
)

SST2 = TaskSpec(
    name="sst2",
    title="SST-2",
    benchmark="glue",
    labels=("negative", "positive"),
    label_names=_BINARY,
    metric="accuracy",
    train=_rows("train", "SST-2/train.tsv", "sst2", "train", ("sentence",), "label"),
    evaluation=(_rows("dev", "SST-2/dev.tsv", "sst2", "validation", ("sentence",), "label"),),
    train_rows=67_349,
    note="is the review positive",
)

QNLI = TaskSpec(
    name="qnli",
    title="QNLI",
    benchmark="glue",
    labels=("entailment", "not_entailment"),
    metric="accuracy",
    train=_rows("train", "QNLI/train.tsv", "qnli", "train", ("question", "sentence"), "label"),
    evaluation=(_rows("dev", "QNLI/dev.tsv", "qnli", "validation", ("question", "sentence"), "label"),),
    train_rows=104_743,
    note="does the sentence answer the question",
)

QQP = TaskSpec(
    name="qqp",
    title="QQP",
    benchmark="glue",
    labels=("not_duplicate", "duplicate"),
    label_names=_BINARY,
    # The papers differ: F1 in Bi-Drop, accuracy in the weight mixup paper, unstated in DPS. Both are stored.
    metric="f1",
    # Newlines inside a question break a few rows of the official train file over two lines; the hub's copy
    # lacks these rows too.
    train=_qqp("train", "train", "train", broken=40),
    evaluation=(_qqp("dev", "dev", "validation"),),
    train_rows=363_846,
    note="do two questions ask the same",
)

MNLI = TaskSpec(
    name="mnli",
    title="MNLI",
    benchmark="glue",
    labels=("entailment", "neutral", "contradiction"),
    metric="accuracy",
    train=_mnli("train", "train", "train"),
    # The matched set is the reported one; published tables print the mismatched one as MNLI-m.
    evaluation=(
        _mnli("mnli", "dev_matched", "validation_matched"),
        _mnli("mnli-mm", "dev_mismatched", "validation_mismatched"),
    ),
    train_rows=392_702,
    note="premise and hypothesis: entailed, neutral or contradicted",
)

TASKS = (COLA, MRPC, RTE, STSB, SST2, QNLI, QQP, MNLI)
SMALL = (COLA, MRPC, RTE, STSB)
