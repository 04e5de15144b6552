"""The digests of methods that are installed, and of a user's own."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

from ftbench.methods import available, find, source_digest
from ftbench.methods._source import PACKAGE, digest


def test_a_digest_names_its_form_and_has_16_hexadecimal_characters() -> None:
    form, _, number = source_digest(find("rdrop")).partition(":")
    assert form == "2" and len(number) == 16 and int(number, 16) >= 0


def test_a_file_of_a_user_counts_with_the_modules_beside_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    text = "import base_of_a_test\n\n\nclass Mine(base_of_a_test.Base):\n    pass\n"
    digests = []
    for value in (1, 1, 2):
        base = "from deep_base_of_a_test import X\nfrom ftbench import Method\n\n"
        (tmp_path / "base_of_a_test.py").write_text(f"{base}class Base(Method):\n    x = X\n")
        (tmp_path / "deep_base_of_a_test.py").write_text(f"X = {value}\nY = {10 ** len(digests)}\n")
        for name in ("base_of_a_test", "deep_base_of_a_test"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        (tmp_path / "mine.py").write_text(f"{text}# {len(digests)}\n")
        digests.append(source_digest(find(str(tmp_path / "mine.py"))))
    assert digests[0] == digests[1] != digests[2]


def test_a_base_class_that_stands_elsewhere_counts(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "there")
    digests = []
    for value in (1, 22):
        base = f"from ftbench import Method\n\nclass Base(Method):\n    x = {value}\n"
        (tmp_path / "there" / "far_base_of_a_test.py").write_text(base)
        sys.modules.pop("far_base_of_a_test", None)
        importlib.invalidate_caches()
        text = f"from far_base_of_a_test import Base\n\nclass Mine(Base):\n    pass\n# {value}\n"
        (tmp_path / "mine.py").write_text(text)
        digests.append(source_digest(find(str(tmp_path / "mine.py"))))
    assert digests[0] != digests[1]


def test_every_built_in_method_has_a_digest_of_its_own() -> None:
    digests = [source_digest(entry.cls) for entry in available() if entry.cls]
    assert len(set(digests)) == len(digests) == 28 and "" not in digests


def test_modules_that_are_imported_for_types_may_move(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "ftbench", ignore=shutil.ignore_patterns("__pycache__", "assets"))
    paths = [*(tmp_path / "ftbench" / "methods").glob("*.py"), *(tmp_path / "ftbench" / "nn").glob("*.py")]
    moves = {"ftbench.run.run": "ftbench.training.run", "ftbench.run.data": "ftbench.training.batch"}
    moved = 0
    for path in paths:
        text = path.read_text()
        for old, new in moves.items():
            moved += f"from {old} import" in text
            text = text.replace(f"from {old} import", f"from {new} import")
        path.write_text(text)
    assert moved > 20
    for entry in available():
        assert entry.cls is not None
        path = tmp_path / "ftbench" / "methods" / f"{entry.name}.py"
        found = digest(path, entry.cls.__module__, entry.cls.__name__, package=tmp_path / "ftbench")
        assert found == source_digest(entry.cls), entry.name


def test_it_is_the_same_in_every_process_and_loads_no_torch() -> None:
    code = (
        "import sys; from ftbench.methods import find, source_digest; "
        "print(source_digest(find('weight_mixup')), 'torch' in sys.modules)"
    )
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        assert ran.stdout.split() == [source_digest(find("weight_mixup")), "False"]


def test_a_class_without_a_file_has_none() -> None:
    assert source_digest(type("Mine", (), {"__module__": "nowhere"})) == ""
