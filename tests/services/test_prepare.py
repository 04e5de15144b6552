from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.errors import DataError, ModelError, UnknownName
from ftbench.services.prepare import prepare
from tests.models.folders import make
from tests.tasks import layouts


@pytest.fixture(autouse=True)
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_DATASETS_CACHE"):
        monkeypatch.delenv(name, raising=False)


def test_what_is_here_is_named_with_its_place(tmp_path: Path) -> None:
    said: list[str] = []
    model, data = make(tmp_path / "mine"), layouts.cola(tmp_path / "data")
    lines = prepare([str(model)], ["cola", "toy-sim"], data, said.append)
    assert (
        lines
        == said
        == [f"model folder:mine: {model}", f"task cola: {data}", "task toy-sim: comes with ftbench"]
    )


def test_all_that_is_missing_is_named_in_one_line(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(ModelError) as caught:
        prepare(["bert-base", "roberta-large", str(make(tmp_path / "mine"))], ["cola"], None, said.append)
    text = str(caught.value)
    assert "model bert-base" in text and text.endswith("(missing too: model roberta-large, task cola)")
    assert "\n" not in text and len(said) == 4
    with pytest.raises(DataError, match="task cola: nyu-mll/glue"):
        prepare([], ["cola"])


def test_unknown_names_are_refused_before_anything_is_done() -> None:
    with pytest.raises(UnknownName, match="bert-bse"):
        prepare(["bert-bse"], ["toy"])
    with pytest.raises(UnknownName, match="colla"):
        prepare([], ["colla"])
