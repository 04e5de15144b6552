"""The documentation: its examples run, its links lead somewhere, its generated pages are current."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from ftbench._version import __version__
from tests.docs.blocks import DOCS, PAGES, ROOT, blocks, follow, shell
from tests.forked import Programs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts" / "write_docs.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_quickstart_ends_in_its_tables(folder: Path, forked: Programs) -> None:
    printed, _ = follow(DOCS / "quickstart.md", folder, forked)
    assert "Main results: tiny" in printed and "Label noise: tiny" in printed
    assert (folder / "robustness.md").read_text().count("Bi-Drop") >= 2


@pytest.mark.slow
def test_the_example_method_is_short_and_works(folder: Path, forked: Programs) -> None:
    page = DOCS / "write-a-method.md"
    (method,) = [block for block in blocks(page) if block.name == "mine.py"]
    assert len(method.text.splitlines()) < 40
    printed, _ = follow(page, folder, forked)
    rows = [line for line in printed.splitlines() if line.startswith("Label smoothing")]
    assert any(re.search(r"\d\.\d\d", row) for row in rows)


def test_the_calls_of_a_script_of_ones_own_run(folder: Path, forked: Programs) -> None:
    _, state = follow(DOCS / "library.md", folder, forked)
    assert state["tuned"].training is False and len(state["seen"]) == 4


def test_the_page_on_methods_names_what_there_is() -> None:
    """Families, attributes of a batch, draws with their arguments, hooks and checks, as the code has them."""
    from ftbench.methods.base import FAMILIES
    from ftbench.run.data import Batch
    from ftbench.run.noise import Noise
    from ftbench.testing import CHECKS

    text = (DOCS / "write-a-method.md").read_text(encoding="utf-8")
    names = [*FAMILIES, *CHECKS, *(field.name for field in dataclasses.fields(Batch))]
    assert [name for name in names if f"`{name}`" not in text] == []
    for draw in (Noise.normal, Noise.uniform, Noise.bernoulli):
        given = [
            p for p in inspect.signature(draw).parameters.values() if p.name not in ("self", "rows", "like")
        ]
        written = [p.name if p.default is p.empty else f"{p.name}={p.default}" for p in given]
        assert f"`run.noise.{draw.__name__}({', '.join(written)}, like=t)`" in text


def test_the_example_perturbation_is_short_and_works(folder: Path, forked: Programs) -> None:
    page = DOCS / "write-a-perturbation.md"
    (example,) = [block for block in blocks(page) if block.name == "mine.py"]
    assert len(example.text.splitlines()) < 40
    printed, _ = follow(page, folder, forked)
    assert "A fraction of the rows cut off behind their first words" in printed
    assert "Texts cut off: tiny" in printed and "Texts cut off (side=evaluation, words=2): tiny" in printed
    assert "cut 50 %" in printed and "minus the cut one" in printed


def test_the_example_queries_are_answered(folder: Path, forked: Programs) -> None:
    shutil.copy(ROOT / "ftbench.db.example", folder)
    asked = [block for block in blocks(DOCS / "schema.md") if block.mark == "run"]
    _, *answers = [shell(block.text, folder, forked, block.name).splitlines() for block in asked]
    assert [line.split() for line in answers[0][:2]] == [
        ["task", "train", "size", "label", "mean", "max", "n"],
        ["qnli", "500", "rdrop", "66.71", "70.79", "3"],
    ]
    assert len(answers[1]) == 1 + 9 and answers[1][1].split() == ["qnli", "500", "0", "-1.56"]
    assert {line.split()[0] for line in answers[2]} > {"label", "vanilla", "rdrop", "bidrop"}
    assert len(answers) >= 5 and all(answers)


def test_every_column_of_the_database_is_documented() -> None:
    from ftbench.db.tables import metadata

    page = (DOCS / "schema.md").read_text(encoding="utf-8")
    for table in metadata.tables.values():
        part = page.partition(f"\n### {table.name}\n")[2].partition("\n### ")[0]
        for column in table.columns:
            assert f"| `{column.name}` |" in part and str(column.comment) in part, (
                f"{table.name}.{column.name}"
            )


def test_the_printed_inconsistencies_are_those_recomputed(
    folder: Path, forked: Programs, capsys: Any
) -> None:
    follow(DOCS / "inconsistencies.md", folder, forked)
    told = capsys.readouterr().out
    page = (DOCS / "inconsistencies.md").read_text()
    found = re.findall(r"printed (\d+\.\d\d), from its cells", told)
    assert len(found) == 20 and all(f"| {number} |" in page for number in found)


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            if ":" in path:
                continue
            other = (page.parent / path).resolve() if path else page
            assert other.is_file(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(other), f"{page.name}: {target}"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_citation_is_of_this_version_and_forms_can_be_read() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == __version__ and cited["license"] == "Apache-2.0"
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    read = [yaml.safe_load(form.read_text(encoding="utf-8")) for form in forms]
    assert len([form for form in read if {"name", "description", "body"} <= form.keys()]) == len(forms) - 1


def test_the_make_targets_that_are_named_exist() -> None:
    named = re.findall(r"^make ([\w-]+)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.M)
    there = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    assert len(named) == 8 and set(named) <= set(there)


def test_the_pages_written_from_the_code_are_current(writer: ModuleType) -> None:
    assert not writer.stale(), "run make docs"


def test_a_page_that_is_out_of_date_is_named_and_written_again(
    writer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    monkeypatch.setattr(writer, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(writer.examples, "pages", lambda folder: {})  # they take their time
    monkeypatch.setattr(writer.results, "page", dict)
    (tmp_path / "docs" / "methods" / "rdrop.md").write_text("old")
    (tmp_path / "docs" / "methods" / "gone.md").write_text("of a method that is no more")
    monkeypatch.setattr(sys, "argv", ["write_docs.py", "--check"])
    assert writer.main() == 1
    told = capsys.readouterr().err
    assert "docs/methods/rdrop.md is out of date" in told and "gone.md" in told and "cli.md" not in told
    monkeypatch.setattr(sys, "argv", ["write_docs.py"])
    assert writer.main() == 0 and not writer.stale()
    assert not (tmp_path / "docs" / "methods" / "gone.md").exists()
