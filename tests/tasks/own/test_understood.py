"""What files, folders and saved data sets are understood to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ftbench import tasks
from ftbench.domain.task import OwnColumns
from ftbench.errors import DataMissing
from ftbench.tasks.own.understood import Understood

PAIRS = [(f"a day number {n}", ("good", "bad", "fair")[n % 3]) for n in range(30)]
Understand = Callable[..., Understood]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    return tmp_path


def csv(rows: list[tuple[str, str]], header: str = "text,label") -> str:
    return "\n".join([header, *(f"{text},{label}" for text, label in rows)]) + "\n"


def labels_of(found: Understood) -> tuple[str, tuple[str, ...]]:
    return found.task.kind, found.task.labels


def test_the_same_rows_have_one_identity_in_every_format(here: Path) -> None:
    texts, labels = ([pair[at] for pair in PAIRS] for at in (0, 1))
    (here / "a.csv").write_text(csv(PAIRS))
    (here / "bom.csv").write_bytes(b"\xef\xbb\xbf" + csv(PAIRS).replace("\n", "\r\n").encode())
    (here / "semicolons.csv").write_text(csv(PAIRS).replace(",", ";"))
    (here / "quoted.csv").write_text(csv([(f'"{t}"', f'"{y}"') for t, y in PAIRS]))
    (here / "a.tsv").write_text(csv(PAIRS).replace(",", "\t"))
    lines = [json.dumps({"Text": t, "label": y, "id": 1}) for t, y in PAIRS]
    (here / "a.jsonl").write_text("\n".join(lines) + "\n\n")
    (here / "a.json").write_text("[" + ",".join(lines) + "]")
    pq.write_table(pa.table({"text": texts, "label": labels}), here / "a.parquet")
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "fair", "good"])}
    )
    datasets.Dataset.from_dict({"text": texts, "label": labels}, features=features).save_to_disk(
        here / "saved"
    )
    (here / "folder").mkdir()
    (here / "folder" / "anything.csv").write_text(csv(PAIRS))
    (here / "elsewhere").mkdir()
    (here / "elsewhere" / "a.csv").write_text(csv(PAIRS))
    files = [f"./{path.name}" for path in here.iterdir() if path.is_file()]
    found = {text: tasks.of_place(text) for text in [*files, "./saved", "folder/", "elsewhere/a.csv"]}
    assert len(found) == 11
    assert {one.revision for one in found.values()} == {found["./a.csv"].revision}
    assert {one.task.name for one in found.values()} >= {"a", "saved", "folder", "bom"}


def test_labels_are_understood_as_they_are_written(here: Path) -> None:
    written = {
        "words": (["b", "a", "c"], ("classification", ("a", "b", "c"))),
        "from_one": (["3", "1", "2"], ("classification", ("1", "2", "3"))),
        "by_size": (["10", "9", "-1"], ("classification", ("-1", "9", "10"))),
        "numbers": (["0.5", "1", "2.25"], ("regression", ())),
        "mixed": (["1", "x", "2.5"], ("regression", ())),
    }
    for name, (values, wanted) in written.items():
        rows = [(f"row {n}", values[n % 3]) for n in range(12)]
        (here / f"{name}.csv").write_text(csv(rows))
        if name == "mixed":
            with pytest.raises(Exception, match="line 3: has label 'x', which is no number"):
                tasks.of_place(f"./{name}.csv")
        else:
            assert labels_of(tasks.of_place(f"./{name}.csv")) == wanted
    lists = [{"text": f"row {n}", "labels": [["x"], ["x", "y"], []][n % 3]} for n in range(12)]
    (here / "lists.jsonl").write_text("\n".join(map(json.dumps, lists)))
    found = tasks.of_place("./lists.jsonl")
    assert labels_of(found) == ("multi_label", ("x", "y"))
    assert set(found.sets["train"].labels) <= {(1, 0), (1, 1), (0, 0)}
    yes = [{"text": f"row {n}", "label": n % 2 == 0} for n in range(12)]
    (here / "yes.jsonl").write_text("\n".join(map(json.dumps, yes)))
    assert labels_of(tasks.of_place("./yes.jsonl")) == ("classification", ("false", "true"))


def test_sentences_of_tagged_words(here: Path) -> None:
    (here / "names.conll").write_text("-DOCSTART- -X- O O\n\nAnna N B-PER\nsings V O\n\nBob\tB-PER\n" * 4)
    found = tasks.of_place("./names.conll")
    assert labels_of(found) == ("token_classification", ("O", "B-PER"))
    assert found.sets["train"].texts[0][0] in ("Anna sings", "Bob")
    assert found.task.metric == "entity_f1"
    lines = [
        {"tokens": ["Anna", "sings"], "tags": ["B-PER", "O"]},
        {"tokens": ["Bob"], "tags": ["B-PER"]},
    ] * 4
    (here / "names.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert tasks.of_place("./names.jsonl").revision == found.revision


def test_columns_are_named_or_found(here: Path) -> None:
    rows = "".join(f"t{n},b{n},{n % 2}\n" for n in range(10))
    for header, text, label in (
        ("sentence1,sentence2,label", ("sentence1", "sentence2"), "label"),
        ("Premise,Hypothesis,Label", ("Premise", "Hypothesis"), "Label"),
        ("id,sentence,label", ("sentence",), "label"),
    ):
        (here / "a.csv").write_text(f"{header}\n{rows}")
        own = tasks.of_place("./a.csv").task.own
        assert own is not None and (own.text, own.label) == (text, label)
    (here / "a.csv").write_text(f"title,body,stars\n{rows}")
    own = tasks.of_place("./a.csv", OwnColumns(("Title", "body"), "stars")).task.own
    assert own is not None and own.text == ("title", "body")


def test_what_stands_beside_a_file_says_how_it_is_meant(here: Path) -> None:
    (here / "d").mkdir()
    (here / "d" / "reviews.csv").write_text(csv(PAIRS, "body,stars"))
    (here / "d" / "new.csv").write_text(csv(PAIRS[:9], "body,stars"))
    (here / "d" / "task.yaml").write_text(
        "name: shop\ntitle: Shop reviews\ntext: body\nlabel: stars\nlabels: [bad, fair, good]\n"
        "metric: accuracy\ntrain: reviews.csv\nevaluation: {new: new.csv, dev: }\nnote: How many stars?\n"
    )
    found = tasks.of_place("./d")
    assert (found.task.name, found.task.title, found.task.labels) == (
        "shop",
        "Shop reviews",
        ("bad", "fair", "good"),
    )
    assert {name: len(rows) for name, rows in found.sets.items()} == {"train": 24, "new": 9, "dev": 6}
    assert [rows.name for rows in found.task.evaluation] == ["new", "dev"]
    assert tasks.of_place("./d/reviews.csv").task == found.task == tasks.of_place("./d/task.yaml").task
    assert tasks.called("./d") == "shop"
    with pytest.raises(Exception, match="no column is called label"):  # that is another file's
        tasks.of_place("./d/new.csv")


def test_a_folder_has_its_sets_in_files_and_one_without_labels_is_left_out(here: Path) -> None:
    (here / "d").mkdir()
    (here / "d" / "train-00000-of-00002.csv").write_text(csv(PAIRS[:15]))
    (here / "d" / "train-00001-of-00002.csv").write_text(csv(PAIRS[15:]))
    (here / "d" / "validation.csv").write_text(csv(PAIRS[:6]))
    (here / "d" / "test.csv").write_text("text\none\ntwo\n")
    found = tasks.of_place("./d")
    assert {name: len(rows) for name, rows in found.sets.items()} == {"train": 30, "dev": 6}
    assert found.notes == ("d/test.csv has no labels: left out",)


def test_a_data_set_of_the_hub_is_read_from_the_cache(here: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    below = here / "hub" / "hub" / "datasets--owner--reviews" / "snapshots" / commit / "en"
    below.mkdir(parents=True)
    texts, labels = ([pair[at] for pair in PAIRS] for at in (0, 1))
    pq.write_table(pa.table({"text": texts, "label": labels}), below / "train-00000-of-00001.parquet")
    found = tasks.of_place(f"owner/reviews[en]@{commit}")
    assert found.task.name == "reviews-en" and found.task.own is not None
    assert found.task.own.source == f"owner/reviews[en]@{commit}"
    (here / "a.csv").write_text(csv(PAIRS))
    assert found.revision == tasks.of_place("./a.csv").revision
    with pytest.raises(DataMissing, match="is not in the Hugging Face cache, and HF_HUB_OFFLINE is set"):
        tasks.of_place("owner/others")


def test_a_file_that_is_gone_is_still_called_by_its_name(here: Path) -> None:
    assert tasks.called("./gone/My reviews.csv") == "my_reviews"
    assert tasks.called("owner/name[en]@main") == "name"
    assert tasks.called("cola") == "cola"
