from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ftbench import tasks
from ftbench.errors import BadValue, DataError, UnknownName
from ftbench.tasks import sources
from tests.tasks import clones, layouts

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face folder and no network."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf"


def parquet_cache(home: Path) -> None:
    """What a download leaves in the hub's cache."""
    clones.clone(home / "hub/datasets--nyu-mll--glue/snapshots" / COMMIT / "cola")


def arrow_cache(home: Path) -> None:
    """What ``datasets.load_dataset`` leaves in its cache."""
    folder = home / "datasets/nyu-mll___glue/cola/0.0.0" / COMMIT
    folder.mkdir(parents=True)
    for split, data in clones.ROWS.items():
        clones.arrow(folder / f"glue-{split}.arrow", data)


def test_official_files_and_saved_data_sets_give_the_same_rows(tmp_path: Path) -> None:
    task = tasks.find("cola")
    official = sources.locate(task, layouts.cola(tmp_path / "official"))
    assert official.source == "folder"
    for below in ("cola", "glue/cola"):
        place = tmp_path / below.replace("/", "-")
        clones.saved(place / below)
        ref = sources.locate(task, place)
        assert ref.source == "saved" and ref.revision.startswith("sha256:")
        for name in ("train", "dev"):
            assert sources.read(task, name, ref) == sources.read(task, name, official)
        assert ref.path is not None and sources.reopen(task, ref.revision, Path(ref.path)) == ref


def test_saved_data_set_without_a_split_is_named(tmp_path: Path) -> None:
    clones.saved(tmp_path / "cola", {"train": clones.ROWS["train"]})
    with pytest.raises(DataError, match="no saved split 'validation' of task cola"):
        sources.locate(tasks.find("cola"), tmp_path)


def test_saved_label_that_is_none_is_named_with_its_row(tmp_path: Path) -> None:
    broken = {"sentence": ["It rains.", "We ran."], "label": [1, 7]}
    clones.saved(tmp_path / "cola", {"train": broken, "validation": broken}, names=())
    task = tasks.find("cola")
    with pytest.raises(DataError, match=r"cola/train/data-\S+, row 1: label 7 is not one of 0 to 1"):
        sources.read(task, "train", sources.locate(task, tmp_path))


@pytest.mark.parametrize("fill", [parquet_cache, arrow_cache])
def test_rows_in_the_hugging_face_cache_are_read_offline(no_hub: Path, fill: Callable[[Path], None]) -> None:
    fill(no_hub)
    task = tasks.find("cola")
    ref = sources.locate(task)
    assert (ref.source, ref.revision) == ("hub", COMMIT)
    assert sources.read(task, "train", ref) == sources.Rows((clones.ROWS["train"]["sentence"],), [1, 0, 1])
    assert sources.read(task, "dev", ref).labels == [0, 1]
    assert sources.reopen(task, COMMIT) == ref


def test_a_download_that_was_interrupted_does_not_serve(no_hub: Path) -> None:
    parquet_cache(no_hub)
    folder = no_hub / "hub/datasets--nyu-mll--glue/snapshots" / COMMIT / "cola"
    (folder / "train-00000-of-00001.parquet").rename(folder / "train-00000-of-00002.parquet")
    with pytest.raises(DataError, match="task cola: nyu-mll/glue"):
        sources.locate(tasks.find("cola"))


def test_a_data_set_of_one_configuration_may_have_its_files_below_data(no_hub: Path) -> None:
    sick, split = tasks.find("sick"), {"sentence_A": ["A"], "sentence_B": ["B"], "label": [0]}
    folder = no_hub / "hub/datasets--RobZamp--sick/snapshots" / COMMIT / "data"
    for name in ("train", "validation", "test"):
        clones.parquet(folder / f"{name}-00000-of-00001.parquet", split, sick.labels[::-1])
    assert sources.read(sick, "test", sources.locate(sick)).labels == [2]


def test_cached_rows_of_another_task_do_not_serve(no_hub: Path) -> None:
    parquet_cache(no_hub)
    with pytest.raises(DataError, match="task rte: nyu-mll/glue"):
        sources.locate(tasks.find("rte"))


def test_nothing_anywhere_says_what_would_help(no_hub: Path) -> None:
    with pytest.raises(DataError) as caught:
        sources.locate(tasks.find("cola"))
    text = str(caught.value)
    assert "ftbench prepare --tasks cola" in text and "--data-dir or FTBENCH_DATA" in text
    assert "HF_HUB_OFFLINE" in text and "CoLA/train.tsv" in text and "\n" not in text


def test_folder_without_the_files_names_the_one_looked_for(tmp_path: Path, no_hub: Path) -> None:
    parquet_cache(no_hub)  # a folder that was named is the only place looked into
    with pytest.raises(DataError, match=r"task cola: data folder \S+ has no CoLA/train.tsv"):
        sources.locate(tasks.find("cola"), tmp_path)
    layouts.cola(tmp_path)
    (tmp_path / "CoLA/dev.tsv").unlink()
    with pytest.raises(DataError, match="has no CoLA/dev.tsv"):
        sources.locate(tasks.find("cola"), tmp_path)
    with pytest.raises(BadValue, match="does not exist"):
        sources.locate(tasks.find("cola"), tmp_path / "nowhere")


def test_digest_follows_the_content_and_not_the_place(tmp_path: Path) -> None:
    task = tasks.find("cola")
    first = sources.locate(task, layouts.cola(tmp_path / "a"))
    second = sources.locate(task, layouts.cola(tmp_path / "b"))
    assert first.revision == second.revision
    layouts.write(tmp_path / "b/CoLA/other.tsv", "not of the task")
    assert sources.locate(task, tmp_path / "b").revision == first.revision
    layouts.write(tmp_path / "b/CoLA/dev.tsv", "me\t1\t\tIt snowed.")
    assert sources.locate(task, tmp_path / "b").revision != first.revision


def test_folder_is_remembered_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts.cola(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert sources.locate(tasks.find("cola"), Path("data")).path == str(tmp_path / "data")


def test_rows_that_changed_since_the_job_was_queued_are_refused(tmp_path: Path) -> None:
    task = tasks.find("cola")
    ref = sources.locate(task, layouts.cola(tmp_path))
    assert sources.reopen(task, ref.revision, tmp_path) == ref
    layouts.write(tmp_path / "CoLA/dev.tsv", "me\t1\t\tIt snowed.")
    with pytest.raises(DataError, match=f"but the job wants {ref.revision}"):
        sources.reopen(task, ref.revision, tmp_path)
    with pytest.raises(DataError, match="--data-dir or FTBENCH_DATA"):
        sources.reopen(task, ref.revision, None)


def test_unknown_set_of_rows_is_named(tmp_path: Path) -> None:
    task = tasks.find("cola")
    ref = sources.locate(task, layouts.cola(tmp_path))
    with pytest.raises(UnknownName, match="'dve'; did you mean 'dev'"):
        sources.read(task, "dve", ref)


@pytest.mark.parametrize("name", ["toy-accept", "toy-sim"])
def test_toy_tasks_need_no_files(name: str, no_hub: Path) -> None:
    task = tasks.find(name)
    ref = sources.locate(task, no_hub)
    assert ref.source == "builtin" and ref.path is None
    assert sources.reopen(task, ref.revision) == ref
    rows = sources.read(task, "dev", ref)
    assert all(len(column) == len(rows) for column in rows.texts)
