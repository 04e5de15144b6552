"""What may stand in one table, and what makes a table of its own."""

from __future__ import annotations

import pytest

from ftbench.db import Document
from ftbench.domain.cards import MethodCard
from ftbench.render.table import Report, Section
from ftbench.services.reporting.build import tabulate
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores import settings
from ftbench.services.scores.jobs import join, reported
from ftbench.services.scores.own import NO_METHODS, OwnMethods
from tests.services.report_rows import Rows


def report(rows: Rows) -> Report:
    return tabulate(rows.cells, rows.scores, ReportRequest())


def means(section: Section) -> dict[tuple[str, str], float | None]:
    return {
        (row.label, column.name): cell.mean
        for row in section.groups[0].rows
        for column, cell in zip(section.columns, row.cells, strict=True)
        if column.kind == "score"
    }


def test_recipes_changed_by_hand_are_never_averaged_together():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.6, 0.6])
    rows.jobs("vanilla", "rte", [0.8, 0.8], recipe={"lr": 1e-4})
    plain, changed = report(rows).sections
    assert means(plain) == {("vanilla", "rte"): pytest.approx(0.6)}
    assert means(changed) == {("vanilla", "rte"): pytest.approx(0.8)}
    assert (dict(plain.changed), dict(changed.changed)) == ({}, {"lr": 1e-4})
    assert changed.title == "Main results: bert-base · all training rows · lr=0.0001"
    assert any("lr=2e-05" in line for line in plain.caption) and any(
        "lr=0.0001" in c for c in changed.caption
    )


def test_a_method_run_with_another_recipe_is_not_compared_with_the_baseline():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("bidrop", "rte", 0, 0.7, recipe={"epochs": 10})
    assert [list(means(s)) for s in report(rows).sections] == [[("vanilla", "rte")], [("bidrop", "rte")]]


def test_a_models_recipes_by_task_stand_in_one_table_and_are_told():
    rows = Rows()
    rows.job("vanilla", "cola", 0, 0.6, model="roberta-large")
    rows.job("vanilla", "rte", 0, 0.8, model="roberta-large")
    (section,) = report(rows).sections
    assert "Recipe, steps: cola 5336, rte 2036" in section.caption
    assert "steps" not in section.recipe and section.recipe["weight_decay"] == 0.1


def test_a_change_that_is_a_tasks_own_recipe_anyway_joins_the_changed_table():
    # roberta-large has 1e-5 on cola and 2e-5 on rte: --set lr=2e-5 makes new jobs on cola alone.
    rows = Rows()
    rows.job("vanilla", "cola", 0, 0.6, model="roberta-large")
    rows.job("vanilla", "cola", 0, 0.5, model="roberta-large", recipe={"lr": 2e-5})
    rows.job("vanilla", "rte", 0, 0.8, model="roberta-large")
    plain, changed = report(rows).sections
    assert means(plain) == {("vanilla", "cola"): 0.6, ("vanilla", "rte"): 0.8}
    assert means(changed) == {("vanilla", "cola"): 0.5, ("vanilla", "rte"): 0.8}


def test_a_table_that_is_part_of_another_one_is_left_out():
    rows = Rows()
    rows.job("vanilla", "cola", 0, 0.5, model="roberta-large", recipe={"lr": 2e-5})
    rows.job("vanilla", "rte", 0, 0.8, model="roberta-large", recipe={"lr": 2e-5})
    (section,) = report(rows).sections
    assert dict(section.changed) == {"lr": 2e-5}
    assert len(means(section)) == 2


def test_settings_that_a_method_brings_stand_beside_the_baseline(monkeypatch):
    from ftbench.methods.rdrop import RDrop

    own = {"lr": 1e-3, "dropout": 0.0}
    monkeypatch.setattr(RDrop, "recipe_defaults", classmethod(lambda cls, variant="paper": dict(own)))
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("rdrop", "rte", 0, 0.7, brings=own)
    (section,) = report(rows).sections
    assert len(means(section)) == 2
    assert "Recipe, lr: vanilla 2e-05, rdrop 0.001" in section.caption


def test_a_setting_that_most_methods_share_is_told_once(monkeypatch):
    from ftbench.methods.rdrop import RDrop

    monkeypatch.setattr(RDrop, "recipe_defaults", classmethod(lambda cls, variant="paper": {"lr": 1e-3}))
    rows = Rows()
    for method in ("vanilla", "bidrop", "mixout", "r3f"):
        rows.job(method, "rte", 0, 0.6)
    rows.job("rdrop", "rte", 0, 0.7, brings={"lr": 1e-3})
    (section,) = report(rows).sections
    assert "Recipe, lr: 2e-05, rdrop 0.001" in section.caption


def test_a_setting_that_fewer_than_half_share_is_told_of_each():
    def told(usual: int, others: int) -> str:
        rates = {f"m{at}": 0.1 for at in range(usual)} | {f"x{at}": at + 1.0 for at in range(others)}
        varying = {"lr": {("rte", label): rate for label, rate in rates.items()}}
        return settings.Setting("m", "", None, {}, (), {}, varying).recipe_lines()[1]

    assert told(4, 3) == "Recipe, lr: 0.1, x0 1, x1 2, x2 3"
    assert told(3, 1) == "Recipe, lr: m0 0.1, m1 0.1, m2 0.1, x0 1"
    assert told(4, 4).startswith("Recipe, lr: m0 0.1, m1 0.1,")


def test_what_a_variant_brings_is_no_change_by_hand_beside_one(monkeypatch):
    from ftbench.methods.rdrop import RDrop

    own = {"dropout": 0.0}
    brings = classmethod(lambda cls, variant="paper": own if variant == "published" else {})
    monkeypatch.setattr(RDrop, "recipe_defaults", brings)
    rows = Rows()
    rows.job("rdrop", "rte", 0, 0.7, hparams_={"loss": "readme"}, brings=own, recipe={"lr": 1e-4})
    (section,) = report(rows).sections
    assert dict(section.changed) == {"lr": 1e-4}


def test_either_variant_of_a_method_counts_as_what_it_brings(monkeypatch):
    from ftbench.methods.rdrop import RDrop

    own = {"dropout": 0.0}
    brings = classmethod(lambda cls, variant="paper": own if variant == "published" else {})
    monkeypatch.setattr(RDrop, "recipe_defaults", brings)
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    rows.job("rdrop", "rte", 0, 0.7, hparams_={"loss": "readme"}, brings=own)
    assert len(report(rows).sections) == 1


def test_models_sizes_revisions_and_data_make_tables_of_their_own():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.1)
    rows.job("vanilla", "rte", 0, 0.2, model="minilm")
    rows.job("vanilla", "rte", 0, 0.3, train_size=500)
    rows.job("vanilla", "rte", 0, 0.4, revision="abc")
    rows.job("vanilla", "rte", 0, 0.5, data="sha256:other")
    sections = report(rows).sections
    assert sorted(next(iter(means(s).values())) for s in sections) == [0.1, 0.2, 0.3, 0.4, 0.5]
    titles = [s.title.removeprefix("Main results: ") for s in sections]
    assert "bert-base at abc · all training rows" in titles
    assert "minilm · all training rows" in titles
    assert "bert-base at main · 500 training rows" in titles
    assert "bert-base at main · all training rows · data=sha256:other" in titles


def test_a_setting_that_an_older_version_did_not_have_was_at_its_default():
    rows = Rows()
    rows.job("vanilla", "rte", 0, 0.6)
    older = {k: v for k, v in rows.cells[0].recipe.items() if k != "kernels"}
    rows.job("vanilla", "rte", 1, 0.8)
    rows.cells[1] = rows.cells[1]._replace(recipe=Document(older))
    (section,) = report(rows).sections
    assert means(section) == {("vanilla", "rte"): pytest.approx(0.7)}


def test_the_default_of_a_setting_that_came_later_is_not_what_a_method_brings_now(monkeypatch):
    from ftbench.methods.rdrop import RDrop

    rows = Rows()
    rows.job("rdrop", "rte", 0, 0.6)
    older = {k: v for k, v in rows.cells[0].recipe.items() if k != "kernels"}
    rows.cells[0] = rows.cells[0]._replace(recipe=Document(older))
    monkeypatch.setattr(
        RDrop, "recipe_defaults", classmethod(lambda cls, variant="paper": {"kernels": "fast"})
    )
    (section,) = report(rows).sections
    assert dict(section.changed) == {"kernels": "deterministic"}


def test_an_unknown_method_and_model_bring_nothing():
    rows = Rows()
    rows.job("theirs", "rte", 0, 0.6, model="someone/model")
    jobs = join(rows.cells, rows.scores, reported(["rte"], rows.cells, rows.scores))
    (setting,) = settings.split(jobs, settings.brought(NO_METHODS))
    assert setting.changed == {} and setting.title == "someone/model · all training rows"


def test_a_method_that_is_not_installed_brings_what_its_card_says():
    def rates(*recipes: dict[str, object]) -> set[float]:
        of = settings.brought(OwnMethods(cards={"mine": MethodCard(recipes=recipes)}))
        return {recipe["lr"] for recipe in of("bert-base", "rte", "mine")}

    assert rates({"lr": 5e-4}) == {5e-4} and rates({"lr": 5e-4}, {}) == {5e-4, 2e-5}
    assert rates({"lrr": 5e-4}) == rates({"lr": "x"}) == {2e-5}, "no recipe of ours"
    assert {recipe["lr"] for recipe in settings.brought(NO_METHODS)("bert-base", "rte", "gone")} == {2e-5}


def test_a_length_that_queue_fitted_to_the_model_was_not_changed_by_hand():
    rows = Rows()
    rows.jobs("vanilla", "rte", [0.5], model="tiny", recipe={"max_length": 64})
    prompt = {"num_virtual_tokens": 10}
    brings = {"lr": 1e-3, "epochs": 20, "warmup_ratio": 0.06}
    rows.jobs("prompt", "rte", [0.6], model="tiny", hparams_=prompt, brings=brings, recipe={"max_length": 54})
    (section,) = report(rows).sections
    assert dict(section.changed) == {} and {label for label, _ in means(section)} == {"vanilla", "prompt"}
    rows.jobs("vanilla", "rte", [0.5], model="tiny", recipe={"max_length": 32})
    assert [dict(s.changed) for s in report(rows).sections] == [{}, {"max_length": 32}]
