from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ftbench import hub, models
from ftbench.domain.model import ModelRef
from ftbench.errors import ModelError
from ftbench.models import weights
from tests.models.test_resolve import make

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BERT = "hub/models--google-bert--bert-base-uncased"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face folder and no network."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    return tmp_path


def ref_to(home: Path, name: str, commit: str) -> None:
    path = home / BERT / "refs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(commit)


def test_snapshot_in_the_cache_is_found_offline(home: Path) -> None:
    old, new = (make(home / BERT / "snapshots" / commit) for commit in ("1" * 40, COMMIT))
    ref_to(home, "main", COMMIT)
    ref_to(home, "v1", "1" * 40)
    assert models.locate(models.resolve("bert-base")[1]) == new
    assert models.locate(models.resolve("bert-base@v1")[1]) == old
    assert models.locate(models.resolve(f"bert-base@{COMMIT}")[1]) == new
    assert models.locate(models.resolve(f"bert-base@{COMMIT[:8]}")[1]) == new
    with pytest.raises(ModelError, match="uncased@v2 is not in the Hugging Face cache"):
        models.locate(models.resolve("bert-base@v2")[1])


def test_half_a_snapshot_is_none(home: Path) -> None:
    (make(home / BERT / "snapshots" / COMMIT) / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="not in the Hugging Face cache"):
        models.locate(ModelRef("bert-base", "main"))


def test_nothing_cached_and_no_hub_says_what_prepare_would_do(home: Path) -> None:
    with pytest.raises(ModelError) as caught:
        models.locate(ModelRef("bert-large", "v1"))
    text = str(caught.value)
    assert "google-bert/bert-large-cased@v1" in text and "HF_HUB_OFFLINE" in text
    assert "`ftbench prepare --models bert-large@v1`" in text


def test_folder_with_other_weights_than_the_job_wants_is_refused(tmp_path: Path) -> None:
    ref = models.resolve(str(make(tmp_path / "mine")))[1]
    assert models.locate(ref) == tmp_path / "mine"
    (tmp_path / "mine/model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match=f"but the job wants {ref.revision}"):
        models.locate(ref)
    with pytest.raises(ModelError, match="its folder is not known"):
        models.locate(ModelRef(ref.id, ref.revision))


def test_one_copy_of_the_weights_is_downloaded() -> None:
    common = ["config.json", "vocab.txt", "tokenizer.json"]
    noise = [
        "README.md",
        "tf_model.h5",
        "flax_model.msgpack",
        "rust_model.ot",
        "onnx/model.onnx",
        "coreml/x.json",
    ]
    both = ["model.safetensors", "pytorch_model.bin"]
    assert set(weights.wanted_files([*common, *noise, *both])) == {*common, "model.safetensors"}
    assert set(weights.wanted_files([*common, *noise, "pytorch_model.bin"])) == {*common, "pytorch_model.bin"}
    parts = [
        "model.safetensors.index.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert set(weights.wanted_files([*common, *parts])) == {*common, *parts}


class Api:
    """Stands for the hub: a repository with these files, or an error."""

    def __init__(self, home: Path, error: Exception | None = None) -> None:
        self.home, self.error, self.asked = home, error, 0

    def repo_info(self, repository: str, **options: Any) -> Any:
        self.asked += 1
        if self.error is not None:
            raise self.error
        names = ["config.json", "vocab.txt", "model.safetensors", "tf_model.h5"]
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name) for name in names])

    def snapshot_download(
        self, repository: str, *, allow_patterns: list[str], cache_dir: Path, **options: Any
    ) -> str:
        assert cache_dir == self.home / "hub" and "tf_model.h5" not in allow_patterns
        return str(make(self.home / BERT / "snapshots" / COMMIT))


def test_missing_model_is_downloaded_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(home)
    monkeypatch.setattr(hub, "_api", lambda: api)
    first = models.locate(ModelRef("bert-base", "main"))
    assert first == models.locate(ModelRef("bert-base", "main")) == home / BERT / "snapshots" / COMMIT
    assert api.asked == 1


def test_what_the_hub_does_not_have_is_no_matter_of_the_network(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = pytest.importorskip("huggingface_hub.errors")
    cases = {
        "has no nobody/nothing": errors.RepositoryNotFoundError,
        "no revision 'v9'": errors.RevisionNotFoundError,
    }
    for text, kind in cases.items():
        error = kind.__new__(kind)  # its constructor wants the response of a server
        monkeypatch.setattr(hub, "_api", lambda error=error: Api(home, error))
        with pytest.raises(ModelError, match=text) as caught:
            models.locate(ModelRef("nobody/nothing", "v9"))
        assert "prepare" not in str(caught.value)


def test_broken_network_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_api", lambda: Api(home, OSError("no route\nto host")))
    with pytest.raises(ModelError, match=r"the hub cannot be reached \(no route\); `ftbench prepare"):
        models.locate(ModelRef("bert-base", "main"))
