"""Natural language inference beyond GLUE: SNLI, SICK, SciTail; and scoring a model of one on another.

SNLI (Bowman et al. 2015, arXiv:1508.05326), SICK (Marelli et al. 2014) and SciTail (Khot et al. 2018). Labels
are in the order of MNLI, so that a model of one can be scored on the others as it is.
"""

from __future__ import annotations

from ftbench.domain.task import HubSplit, RowSet, TaskSpec, TsvFile
from ftbench.tasks.glue import MNLI

THREE_WAY = MNLI.labels
#: A model of three classes on a task of two: what does not follow is one class there.
TWO_OF_THREE = (0, 1, 1)


def _snli(name: str, split: str) -> RowSet:
    # A row on which the annotators did not agree has "-" for its gold label.
    tsv = TsvFile(f"SNLI/{name}.tsv", ("sentence1", "sentence2"), "gold_label", unlabelled=("-", ""))
    return RowSet(name, tsv, HubSplit("stanfordnlp/snli", "plain_text", split, ("premise", "hypothesis")))


def _sick(name: str, part: str, split: str) -> RowSet:
    # One file holds all parts of the release; the hub's copies are made from it.
    pair = ("sentence_A", "sentence_B")
    tsv = TsvFile("SICK/SICK.txt", pair, "entailment_label", only=("SemEval_set", part))
    return RowSet(name, tsv, HubSplit("RobZamp/sick", "default", split, pair, "label"))


def _scitail(name: str, split: str) -> RowSet:
    # No header: premise, hypothesis, label.
    tsv = TsvFile(f"SciTail/{name}.tsv", (0, 1), 2, header=False, width=3)
    hub = HubSplit("allenai/scitail", "dgem_format", split, ("premise", "hypothesis"))
    return RowSet(name, tsv, hub)


SNLI = TaskSpec(
    name="snli",
    title="SNLI",
    benchmark="nli",
    labels=THREE_WAY,
    metric="accuracy",
    train=_snli("train", "train"),
    evaluation=(_snli("dev", "validation"), _snli("test", "test")),
    train_rows=549_367,
    note="premise and hypothesis: entailed, neutral or contradicted",
)

SICK = TaskSpec(
    name="sick",
    title="SICK",
    benchmark="nli",
    labels=THREE_WAY,
    label_names={"ENTAILMENT": 0, "NEUTRAL": 1, "CONTRADICTION": 2},
    metric="accuracy",
    train=_sick("train", "TRAIN", "train"),
    # The trial part of the release is what the papers' scripts read as validation set.
    evaluation=(_sick("dev", "TRIAL", "validation"), _sick("test", "TEST", "test")),
    train_rows=4_439,
    note="two sentences: entailed, neutral or contradicted",
)

SCITAIL = TaskSpec(
    name="scitail",
    title="SciTail",
    benchmark="nli",
    labels=("entails", "neutral"),
    metric="accuracy",
    train=_scitail("train", "train"),
    evaluation=(_scitail("dev", "validation"), _scitail("test", "test")),
    train_rows=23_596,
    note="does the premise entail the statement of science",
)

TASKS = (SNLI, SICK, SCITAIL)
_TWO_WAY = (("entailment", "not_entailment"), SCITAIL.labels)


def label_map(model: TaskSpec, target: TaskSpec) -> tuple[int, ...] | None:
    """What each class of a model counts as on another task; None where that has no meaning.

    Args:
        model: the task that the model was trained on.
        target: the task that it is scored on.

    Returns:
        A class of ``target`` for each class of ``model``: the same where the labels are the same; entailment
        and the rest where a model of three classes meets a task of two. No probabilities are added up: the
        largest of the three decides, as in the papers' scripts.
    """
    if not (model.one_class and target.one_class):
        return None
    if model.labels == target.labels:
        return tuple(range(len(model.labels)))
    if model.labels == THREE_WAY and target.labels in _TWO_WAY:
        return TWO_OF_THREE
    if model.labels in _TWO_WAY and target.labels in _TWO_WAY:
        return (0, 1)
    return None
