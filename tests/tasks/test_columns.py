"""Cells of typed columns: what a label stands for, and what is no label or no text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ftbench import tasks
from ftbench.domain.task import HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError
from ftbench.tasks import columns, sources
from tests.tasks import clones

COLA = tasks.find("cola")
SENTENCES = ["The dog sleeps.", "The dog sleep the.", "We ran."]
#: Rows that are right for CoLA: acceptable, unacceptable, acceptable.
RIGHT = sources.Rows((SENTENCES,), [1, 0, 1])
Write = Callable[[Path, dict[str, list[Any]], Sequence[str]], Path]


def read(path: Path, task: TaskSpec = COLA) -> sources.Rows:
    return columns.read(task, task.train, [path])


def plain(path: Path, data: dict[str, list[Any]]) -> Path:
    """A parquet file that says nothing but its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(data), path)
    return path


@pytest.mark.parametrize(
    ("write", "end"), [(clones.parquet, "parquet"), (clones.arrow, "arrow")], ids=["parquet", "arrow"]
)
@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("unacceptable", "acceptable"), [1, 0, 1]),
        (("acceptable", "unacceptable"), [0, 1, 0]),
        (("Acceptable ", "UNACCEPTABLE"), [0, 1, 0]),
        (("0", "1"), [1, 0, 1]),
        (("1", "0"), [0, 1, 0]),
        (("acceptable", "unclear", "unacceptable"), [0, 2, 0]),
        ((), [1, 0, 1]),
    ],
    ids=["official order", "swapped", "spelling", "numbers", "numbers swapped", "a class more", "no names"],
)
def test_names_of_classes_decide_whatever_their_order(
    tmp_path: Path, write: Write, end: str, names: Sequence[str], labels: list[int]
) -> None:
    data = {"label": labels, "idx": [7, 7, 7], "sentence": SENTENCES}
    assert read(write(tmp_path / f"train.{end}", data, names)) == RIGHT


def test_hyphens_and_spaces_in_names_do_not_matter(tmp_path: Path) -> None:
    data = {"sentence1": ["A", "B"], "sentence2": ["C", "D"], "label": [0, 1]}
    file = clones.parquet(tmp_path / "train.parquet", data, ["Not-Entailment", "Entailment"])
    assert read(file, tasks.find("rte")).labels == [1, 0]


@pytest.mark.parametrize(
    "labels",
    [
        [1.0, 0.0, 1.0],
        [True, False, True],
        ["acceptable", "unacceptable", "Acceptable"],
        ["1", "0", "1"],
    ],
    ids=["floats", "booleans", "names", "digits"],
)
def test_labels_of_other_types_are_read_for_what_they_say(tmp_path: Path, labels: list[Any]) -> None:
    assert read(plain(tmp_path / "train.parquet", {"sentence": SENTENCES, "label": labels})) == RIGHT


def test_categories_of_pandas_are_text(tmp_path: Path) -> None:
    import pandas as pd

    written = pd.Series(["acceptable", "unacceptable", "acceptable"], dtype="category")
    pd.DataFrame({"sentence": SENTENCES, "label": written}).to_parquet(tmp_path / "train.parquet")
    assert read(tmp_path / "train.parquet") == RIGHT


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        ([1, 0, 2], (), "row 2: label 2 is not one of 0 to 1"),
        ([1, -2, 1], (), "row 1: label -2 is not one of 0 to 1"),
        ([1.0, 0.5, 1.0], (), "row 1: label 0.5 is not one of 0 to 1"),
        ([1, None, 1], (), "row 1: no label"),
        ([1.0, float("nan"), 1.0], (), "row 1: no label"),
        (["1", "yes", "1"], (), "row 1: label 'yes' is not one of 0, 1"),
        ([[1], [0], [1]], (), "row 0: label '[1]' is not one of 0, 1"),
        (
            [1, 0, 1],
            ("neg", "pos"),
            "row 0: label 1 is called 'pos' there, which is not one of unacceptable, acceptable",
        ),
        ([0, 2, 0], ("acceptable", "unacceptable", "unclear"), "row 1: label 2 is called 'unclear' there"),
        ([None, 0, 1], clones.NAMES, "row 0: no label"),
        ([-1, -1, -1], clones.NAMES, "no labelled rows"),
        ([], (), "no labelled rows"),
    ],
)
def test_what_is_no_label_is_named_with_its_row(
    tmp_path: Path, labels: list[Any], names: Sequence[str], said: str
) -> None:
    data = {"sentence": SENTENCES[: len(labels)], "label": labels}
    file = clones.parquet(tmp_path / "train.parquet", data, names)
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(str(file)) and said in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["A", None, "B"], "row 1: column 'sentence' has None where text should be"),
        ([1, 2, 3], "row 0: column 'sentence' has 1 where text should be"),
        ([["The", "dog"], [], []], "row 0: column 'sentence' has ['The', 'dog'] where text should be"),
        ([b"A", b"B", b"C"], "row 0: column 'sentence' has b'A' where text should be"),
    ],
)
def test_what_is_no_text_is_named_with_its_row_and_column(
    tmp_path: Path, cells: list[Any], said: str
) -> None:
    file = plain(tmp_path / "train.parquet", {"sentence": cells, "label": [1, 0, 1]})
    with pytest.raises(DataError) as caught:
        read(file)
    assert said in str(caught.value)


def test_an_empty_text_is_a_text(tmp_path: Path) -> None:
    file = plain(tmp_path / "train.parquet", {"sentence": ["", "A"], "label": [1, 0]})
    assert read(file).texts == (["", "A"],)


@pytest.mark.parametrize(
    ("columns_there", "said"),
    [
        (("text", "label"), "no column 'sentence'; known: label, text"),
        (("sentence", "labels"), "no column 'label'; did you mean 'labels'?"),
    ],
)
def test_a_column_of_another_name_is_named(tmp_path: Path, columns_there: tuple[str, str], said: str) -> None:
    file = plain(tmp_path / "train.parquet", dict(zip(columns_there, (SENTENCES, [1, 0, 1]), strict=True)))
    with pytest.raises(DataError) as caught:
        read(file)
    assert said in str(caught.value)


def test_rows_without_gold_label_are_left_out(tmp_path: Path) -> None:
    data = {"sentence": ["A", "B", "C"], "label": [1, -1, 0]}
    assert read(clones.parquet(tmp_path / "train.parquet", data)) == sources.Rows((["A", "C"],), [1, 0])


def regression() -> TaskSpec:
    split = RowSet("train", hub=HubSplit("me/own", None, "train", ("sentence",), "score"))
    return TaskSpec("own", "own", "own", (), "spearman", split, (split,), label_range=(0.0, 5.0))


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0, 5, 2], ""),
        ([0.5, 4.75, 2.0], ""),
        (["0.5", "4.75", "2"], ""),
        ([0.5, 5.5, 2.0], "row 1: label 5.5 is outside 0 to 5"),
        ([0.5, None, 2.0], "row 1: no label"),
        (["0.5", "high", "2"], "row 1: label 'high' is not a number"),
    ],
)
def test_scores_are_numbers_in_their_range(tmp_path: Path, scores: list[Any], said: str) -> None:
    file = plain(tmp_path / "train.parquet", {"sentence": SENTENCES, "score": scores})
    if not said:
        assert read(file, regression()).labels == [float(score) for score in scores]
        return
    with pytest.raises(DataError) as caught:
        read(file, regression())
    assert said in str(caught.value)


def test_each_shard_has_its_own_names_and_order_of_columns(tmp_path: Path) -> None:
    first = clones.parquet(tmp_path / "a.parquet", {"sentence": ["A"], "label": [0]}, clones.NAMES)
    other = clones.parquet(tmp_path / "b.parquet", {"label": [0], "sentence": ["B"]}, clones.NAMES[::-1])
    assert columns.read(COLA, COLA.train, [first, other]) == sources.Rows((["A", "B"],), [0, 1])


def test_a_description_that_calls_the_labels_otherwise_is_refused(tmp_path: Path) -> None:
    """The description is not in the rows' digest: it may not change what the rows mean."""
    folder = clones.saved(tmp_path / "cola") / "train"
    description = json.loads((folder / "dataset_info.json").read_text())
    description["features"]["label"]["names"].reverse()
    (folder / "dataset_info.json").write_text(json.dumps(description))
    with pytest.raises(DataError, match="calls the labels acceptable, unacceptable, but .* has unacceptable"):
        read(folder / "data-00000-of-00001.arrow")


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def without_end(content: bytes) -> bytes:
    return content[:-8]


@pytest.mark.parametrize(
    ("write", "end", "spoil", "said"),
    [
        (clones.parquet, "parquet", cut, "cannot be read"),
        (clones.arrow, "arrow", cut, "cannot be read"),
        (clones.arrow, "arrow", without_end, "cut off; its end is missing"),
        (clones.parquet, "parquet", lambda content: b"", "cannot be read"),
        (clones.arrow, "arrow", lambda content: b"", "cannot be read"),
        (
            clones.parquet,
            "parquet",
            lambda content: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "a Git LFS pointer, not the file itself; `git lfs pull` fetches it",
        ),
    ],
    ids=["parquet", "arrow", "arrow between batches", "empty parquet", "empty arrow", "pointer"],
)
def test_a_file_that_is_not_whole_is_named(
    tmp_path: Path, write: Write, end: str, spoil: Callable[[bytes], bytes], said: str
) -> None:
    file = write(tmp_path / f"train.{end}", {"sentence": SENTENCES, "label": [1, 0, 1]}, clones.NAMES)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(DataError) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}: {said}") and "\n" not in str(caught.value)


def test_an_arrow_file_in_the_format_for_files_is_read_too(tmp_path: Path) -> None:
    import pyarrow as pa

    table = pa.table({"sentence": SENTENCES, "label": [1, 0, 1]})
    with pa.ipc.new_file(tmp_path / "train.arrow", table.schema) as writer:
        writer.write_table(table)
    assert read(tmp_path / "train.arrow") == RIGHT
