"""Data sets in a folder, in every layout that `datasets` and the hub have."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench import tasks
from ftbench.domain.task import HubSplit, RowSet, TaskSpec
from ftbench.errors import DataError
from ftbench.tasks import sources
from tests.tasks import clones, layouts

COLA = tasks.find("cola")
TRAIN, DEV = clones.ROWS["train"], clones.ROWS["validation"]


def numbered(folder: Path) -> None:
    for at, part in enumerate(([0], [1, 2])):
        data = {name: [values[i] for i in part] for name, values in TRAIN.items()}
        clones.parquet(folder / f"train-{at:05d}-of-00002.parquet", data)
    clones.parquet(folder / "validation-00000-of-00001.parquet", DEV)


def fingerprints(folder: Path) -> None:
    clones.parquet(folder / "train-00000-of-00001-0123456789abcdef.parquet", TRAIN)
    clones.parquet(folder / "validation-00000-of-00001-fedcba9876543210.parquet", DEV)


def plain_names(folder: Path) -> None:
    clones.parquet(folder / "train.parquet", TRAIN)
    clones.parquet(folder / "validation.parquet", DEV)


def converted(folder: Path) -> None:
    """The hub's own conversion, ``refs/convert/parquet``."""
    clones.parquet(folder / "train/0000.parquet", TRAIN)
    clones.parquet(folder / "validation/0000.parquet", DEV)


def prepared(folder: Path) -> None:
    """A copy of what ``datasets`` keeps in its cache."""
    folder.mkdir(parents=True)
    clones.arrow(folder / "glue-train.arrow", TRAIN)
    clones.arrow(folder / "glue-validation.arrow", DEV)


def single_splits(folder: Path) -> None:
    clones.dataset(TRAIN, clones.NAMES).save_to_disk(folder / "train")
    clones.dataset(DEV, clones.NAMES).save_to_disk(folder / "validation")


def many_shards(folder: Path) -> None:
    clones.dataset(TRAIN, clones.NAMES).save_to_disk(folder / "train", num_shards=3)
    clones.dataset(DEV, clones.NAMES).save_to_disk(folder / "validation")


@pytest.mark.parametrize(
    "fill",
    [
        clones.clone,
        clones.saved,
        numbered,
        fingerprints,
        plain_names,
        converted,
        prepared,
        single_splits,
        many_shards,
    ],
)
@pytest.mark.parametrize("below", ["cola", "glue/cola", "cola/data"])
def test_rows_are_the_same_in_every_layout(
    tmp_path: Path, fill: Callable[[Path], object], below: str
) -> None:
    fill(tmp_path / "here" / below)
    official = sources.locate(COLA, layouts.cola(tmp_path / "official"))
    ref = sources.locate(COLA, tmp_path / "here")
    for name in ("train", "dev"):
        assert sources.read(COLA, name, ref) == sources.read(COLA, name, official)
    assert sources.reopen(COLA, ref.revision, tmp_path / "here") == ref
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert sources.locate(COLA, tmp_path / "there").revision == ref.revision


def test_splits_whose_names_begin_alike_are_kept_apart(tmp_path: Path) -> None:
    mnli = tasks.find("mnli")
    for label, split in enumerate(("train", "validation_matched", "validation_mismatched", "test_matched")):
        data = {"premise": ["A"], "hypothesis": ["B"], "label": [label if label < 3 else -1]}
        clones.parquet(tmp_path / f"mnli/{split}-00000-of-00001.parquet", data, mnli.labels)
    clones.parquet(tmp_path / "mnli/train-extra.parquet", {"premise": ["C"]}, ())
    ref = sources.locate(mnli, tmp_path)
    found = [sources.read(mnli, name, ref).labels for name in ("train", "mnli", "mnli-mm")]
    assert found == [[0], [1], [2]]


def without_validation(folder: Path) -> None:
    clones.parquet(folder / "train.parquet", TRAIN)
    clones.parquet(folder / "test.parquet", clones.ROWS["test"])


def without_a_shard(folder: Path) -> None:
    numbered(folder)
    (folder / "train-00001-of-00002.parquet").unlink()


def two_uploads(folder: Path) -> None:
    clones.clone(folder)
    clones.parquet(folder / "train-00000-of-00002.parquet", TRAIN)


def two_fingerprints(folder: Path) -> None:
    fingerprints(folder)
    clones.parquet(folder / "train-00000-of-00001-aaaaaaaaaaaaaaaa.parquet", TRAIN)


def saved_without_a_shard(folder: Path) -> None:
    many_shards(folder)
    (folder / "train/data-00001-of-00003.arrow").unlink()


def saved_without_a_split(folder: Path) -> None:
    clones.dataset(TRAIN, clones.NAMES).save_to_disk(folder / "train")


def saved_without_rows(folder: Path) -> None:
    clones.saved(folder)
    state = json.loads((folder / "train/state.json").read_text())
    (folder / "train/state.json").write_text(json.dumps({**state, "_data_files": []}))


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (without_validation, "cola: no files of split 'validation' of task cola beside those of train"),
        (
            without_a_shard,
            "cola/train-00001-of-00002.parquet: this shard is missing, though train-00000-of-00002.parquet",
        ),
        (two_uploads, "its rows stand in other files, too (train-00000-of-00002.parquet); leave one"),
        (two_fingerprints, "its rows stand in other files, too"),
        (saved_without_a_shard, "train/data-00001-of-00003.arrow: not there"),
        (saved_without_a_split, "no saved split 'validation' of task cola"),
        (saved_without_rows, "cola/train: the saved split has no rows"),
    ],
)
def test_what_is_missing_is_named_when_the_rows_are_looked_for(
    tmp_path: Path, fill: Callable[[Path], object], said: str
) -> None:
    fill(tmp_path / "cola")
    with pytest.raises(DataError) as caught:
        sources.locate(COLA, tmp_path)
    assert said in str(caught.value)


def test_an_empty_split_is_named(tmp_path: Path) -> None:
    clones.saved(tmp_path / "cola", {"train": TRAIN, "validation": {"sentence": [], "label": []}}, names=())
    with pytest.raises(DataError, match="cola/validation.*: (no labelled rows|the saved split has no rows)"):
        sources.read(COLA, "dev", sources.locate(COLA, tmp_path))


def test_names_of_classes_are_part_of_which_rows_they_are(tmp_path: Path) -> None:
    official = sources.locate(COLA, clones.saved(tmp_path / "a/cola").parent)
    swapped = sources.locate(COLA, clones.saved(tmp_path / "b/cola", names=clones.NAMES[::-1]).parent)
    assert official.revision != swapped.revision
    assert sources.read(COLA, "dev", swapped).labels == [1 - i for i in DEV["label"]]


def own(config: str | None) -> TaskSpec:
    train, dev = (
        RowSet(name, hub=HubSplit("me/words", config, split, ("sentence",)))
        for name, split in (("train", "train"), ("dev", "validation"))
    )
    return TaskSpec("own", "own", "own", clones.NAMES, "accuracy", train, (dev,))


@pytest.mark.parametrize("config", [None, "default"])
@pytest.mark.parametrize("below", ["", "data", "words/data", "own"])
def test_a_clone_without_configurations_may_be_the_folder_itself(
    tmp_path: Path, config: str | None, below: str
) -> None:
    clones.clone(tmp_path / below)
    assert sources.read(own(config), "train", sources.locate(own(config), tmp_path)).labels == [1, 0, 1]


def test_a_folder_that_could_be_any_tasks_serves_none_of_several(tmp_path: Path) -> None:
    clones.clone(tmp_path / "data")
    with pytest.raises(
        DataError, match=r"has no CoLA/train.tsv, and no cola/dataset_dict.json or cola/train-0"
    ):
        sources.locate(COLA, tmp_path)


@pytest.mark.parametrize("fill", [clones.saved, clones.clone])
def test_a_folder_that_is_the_data_set_itself_is_said_to_be_one_too_deep(
    tmp_path: Path, fill: Callable[[Path], object]
) -> None:
    fill(tmp_path / "cola")
    with pytest.raises(DataError, match="it is one data set itself: name the folder above it"):
        sources.locate(COLA, tmp_path / "cola")
    with pytest.raises(DataError) as caught:
        sources.locate(tasks.find("rte"), tmp_path)
    assert "one data set itself" not in str(caught.value)


def test_a_clone_of_another_configuration_goes_by_its_name(tmp_path: Path) -> None:
    clones.clone(tmp_path / "words/small")
    assert len(sources.read(own("small"), "dev", sources.locate(own("small"), tmp_path))) == 2
