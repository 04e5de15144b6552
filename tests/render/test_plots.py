"""Plots: what their specifications hold, and that each is drawn into every kind of file."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ftbench.domain.topup import TopupPlan
from ftbench.errors import BadValue, FtbenchError, UnknownName
from ftbench.render import plots, tidy
from ftbench.render.plots import cost, curves, ranks, reproduction, spread, theme
from ftbench.render.plots.assembly import assembled
from ftbench.render.plots.looks import of_names
from ftbench.services.reporting.plots import with_groups, with_ranks
from ftbench.services.scores.levels import Topped
from ftbench.stats.ranks import critical_difference
from tests.render.samples import GROUPED, REPORT
from tests.render.specs import found, layer_rows, looks_for, looks_in, values

ODD = "<b>&'\"]\\ {x}"


def frame(
    methods: int = 3, seeds: int = 3, tasks: int = 2, ratios: tuple[float, ...] = (0.0,)
) -> pd.DataFrame:
    """Scores that rise by a point from method to method, and fall with the ratio."""
    names = ["vanilla", "bidrop[k=3]", ODD, *(f"m{i}" for i in range(methods))][:methods]
    return pd.DataFrame(
        {
            "section": "s",
            "ratio": ratio,
            "label": label,
            "method": "m",
            "hparams": json.dumps({"k": at, "same": 1}),
            "task": f"T{task}",
            "metric": "accuracy",
            "seed": seed,
            "value": 0.7 + 0.01 * at + 0.001 * seed + 0.005 * task - ratio,
            "job": f"{at}{task}{seed}".rjust(64, "0"),
            "training_seconds": 10.0 * (at + 1),
            "peak_memory_mb": 1000.0 - at,
            "beside": False,
            "step": seed + 1,
        }
        for ratio in ratios
        for at, label in enumerate(names)
        for task in range(tasks)
        for seed in range(seeds)
    )


def ranked(data: pd.DataFrame, critical: float | None = None) -> theme.Plot:
    found, difference = with_ranks(data, critical)
    return ranks.ranks(data, "Title", found, looks_for(data), difference)


def strip(data: pd.DataFrame, title: str = "Title", **more: Any) -> theme.Plot:
    labels = [row["label"] for row in more.get("counts", ())]
    return spread.strip(data, title, looks_for(data, labels), **more)


def robustness(data: pd.DataFrame, title: str = "Title") -> theme.Plot:
    return curves.robustness(data, title, "noise", looks_for(data))


def costs(data: pd.DataFrame, *more: str) -> theme.Plot:
    return cost.cost(data, "Title", BETTER, looks_for(data), *more)


BETTER = {(ODD, "vanilla"), ("bidrop[k=3]", "vanilla")}


SPECS = {
    "strip": lambda: strip(frame()),
    "violins": lambda: strip(frame(seeds=10), violin=True),
    "strip of many": lambda: strip(frame(methods=9, seeds=70)),
    "sweep": lambda: spread.sweep(frame(), "Title"),
    "robustness": lambda: robustness(frame(ratios=(0.0, 0.1))),
    "robustness of one seed": lambda: robustness(frame(seeds=1, ratios=(0.0, 0.1))),
    "learning": lambda: curves.learning(frame(), "Title", looks_for(frame())),
    "cost": lambda: costs(frame(), "Timed alone."),
    "ranks": lambda: ranked(frame(methods=7, tasks=3), 1.5),
    "ranks alone": lambda: ranked(frame(methods=2, tasks=3)),
    "reproduction": lambda: reproduction.reproduction(
        pd.DataFrame({"name": ["a", ODD], "published": [60.0, 70.0], "measured": [61.0, 69.0]}), "Title"
    ),
    "reproduction of one seed": lambda: reproduction.reproduction(
        pd.DataFrame(
            {
                "name": ["a", "b"],
                "published": 60.0,
                "measured": 61.0,
                "low": [None, 60.0],
                "high": [None, 62.0],
            }
        ),
        "Title",
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_every_plot_is_drawn(name, tmp_path):
    plot = SPECS[name]()
    plots.write([plot], tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert text.startswith("<svg") and ">Title<" not in text and "NaN" not in text
    assert "Infinity" not in json.dumps(assembled([plot]), allow_nan=False)


def test_plots_one_above_the_other_keep_their_data(tmp_path):
    one, two = strip(frame(), "A"), strip(frame(seeds=4), "B")
    plots.write([one, two], tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    points = text.count('aria-roledescription="point"')
    assert ">A<" in text and ">B<" in text  # which is which
    assert points == len(values(one, "side", "job")) + len(values(two, "side", "job")) == 18 + 24


DRAWN = {
    "strip": lambda data: strip(data),
    "robustness": robustness,
    "learning": lambda data: curves.learning(data, "Title", looks_for(data)),
    "cost": costs,
    "ranks": ranked,
    "budget": lambda data: curves.budget(
        data.assign(x=1, mean=1.0, low=0.0, high=2.0, std=0.0, count=3), "Title", looks_for(data)
    ),
}


def test_a_method_looks_the_same_in_every_kind_of_plot_and_whatever_else_is_in_it():
    everything = frame(methods=9, seeds=2, tasks=3)
    names = list(dict.fromkeys(everything["label"]))
    some = everything[everything["label"].isin(names[2:5])]
    for kind, draw in DRAWN.items():
        by = "place" if kind == "strip" else "label"
        whole, part = looks_in(draw(everything), by), looks_in(draw(some), by)
        assert set(whole) == set(names) and set(part) == set(names[2:5]), kind
        looks = of_names(names)
        for label, look in [*whole.items(), *part.items()]:
            assert look.colour == looks[label].colour, kind
            assert not look.shape or (look.shape, look.fill) == (looks[label].shape, looks[label].fill)
            assert not look.dash or look.dash == looks[label].dash


def test_only_lines_are_drawn_without_marks_of_their_methods():
    data = frame(methods=4, seeds=2, tasks=3)
    unmarked = [kind for kind, draw in DRAWN.items() if not found(draw(data), "shape")]
    assert unmarked == ["learning"]  # each in a panel that bears its name


def test_strips_say_a_number_of_runs_that_all_have_once():
    none = {"lost": 0, "waiting": 0, "lacking": 0, "collapsed": 0, "diverged": 0}
    counts = [
        {"label": label, "task": task, **none, "n": 3}
        for label in ("vanilla", "bidrop[k=3]", ODD)
        for task in ("T0", "T1")
    ]
    same = strip(frame(), counts=counts)
    assert "n=3 everywhere." in same.told and not values(same, "runs")
    counts[0]["n"] = 2
    assert "everywhere" not in strip(frame(), counts=counts).told


def test_costs_of_runs_beside_others_are_marked():
    data = frame(tasks=1).assign(beside=lambda rows: rows["label"] == "bidrop[k=3]")
    spec = costs(data, "†: beside others.")
    assert {row["label"]: row["mark"] for row in values(spec, "mark")} == {
        "vanilla": "",
        "bidrop[k=3]": cost.BESIDE,
        ODD: "",
    }
    texts = [
        layer for panel in spec.chart["concat"] for layer in panel["layer"] if layer["mark"]["type"] == "text"
    ]
    assert [[row["label"] for row in layer_rows(layer)] for layer in texts] == [["bidrop[k=3]"]] * 2
    assert "†" in spec.told


def test_a_plot_is_written_as_the_file_is_named(tmp_path):
    spec = [SPECS["cost"]()]
    for name, begins in (("a.pdf", b"%PDF"), ("a.png", b"\x89PNG"), ("A.SVG", b"<svg")):
        plots.write(spec, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(begins)
    with pytest.raises(BadValue, match=r"a\.gif: name a file that ends in \.svg, \.pdf or \.png"):
        plots.write(spec, tmp_path / "a.gif")
    with pytest.raises(FtbenchError, match="cannot be written"):
        plots.write(spec, tmp_path / "no" / "a.svg")


def test_a_violin_is_the_density_of_the_runs_and_a_box_where_they_are_few():
    data = frame(methods=2, seeds=8, tasks=1)
    data = data[(data["label"] == "vanilla") | (data["seed"] < 4)]
    spec = strip(data, violin=True)
    outline = values(spec, "score", "left")
    assert {row["place"] for row in outline} == {"vanilla"}  # the other one has four runs
    scores = 100 * data.loc[data["label"] == "vanilla", "value"].to_numpy()
    assert [outline[0]["score"], outline[-1]["score"]] == pytest.approx([scores.min(), scores.max()])
    spread_of = scores.std(ddof=1) * 8 ** (-1 / 5)  # Scott's rule
    heights = np.array([row["score"] for row in outline])
    density = np.exp(-0.5 * ((heights[:, None] - scores) / spread_of) ** 2).sum(axis=1)
    widths = np.array([row["right"] for row in outline])  # around 0
    assert widths == pytest.approx(spread.HALF * density / density.max())
    assert {row["place"] for row in values(spec, "median") if row["count"] == 4} == {"bidrop[k=3]"}
    assert values(strip(data), "score", "left") == []


def test_whiskers_reach_the_lowest_and_the_highest_run():
    boxes = values(spread.sweep(frame(methods=2, seeds=3, tasks=1), "Title"), "min", "max")
    assert [(row["min"], row["max"]) for row in boxes] == [
        (pytest.approx(70.0), pytest.approx(70.2)),
        (pytest.approx(71.0), pytest.approx(71.2)),
    ]


def test_without_the_package_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)  # as if it were not installed
    with pytest.raises(FtbenchError, match=r"pip install 'ftbench\[plots\]'"):
        theme.load_plotting()


def test_strips_have_every_run_and_its_quartiles():
    spec = strip(frame(seeds=5))
    points = values(spec, "side", "value", "job")
    assert len(points) == 3 * 2 * 5
    first = [p["side"] for p in points[:5]]
    assert first == sorted(first) and np.mean(first) == pytest.approx(0) and len({*first}) == 5
    box = values(spec, "median")[0]
    assert [round(box[k], 6) for k in ("low", "median", "high")] == [70.1, 70.2, 70.3]
    assert not values(strip(frame(seeds=spread.POINTS + 1)), "side", "value")


def test_strips_name_every_method_as_it_is():
    names = found(strip(frame()), "labelExpr")[0]
    assert json.loads(names.removesuffix("[datum.value]")) == ["vanilla", "bidrop[k=3]", ODD]


def test_sweeps_order_values_by_size_and_need_one_hyper_parameter():
    data = frame(methods=4)
    data["hparams"] = data["hparams"].replace(
        {json.dumps({"k": 1, "same": 1}): json.dumps({"k": 10, "same": 1})}
    )
    names = found(spread.sweep(data, "Title"), "labelExpr")[0]
    assert json.loads(names.removesuffix("[datum.value]")) == ["0", "2", "3", "10"]
    with pytest.raises(BadValue, match="0 hyper-parameters differ"):
        spread.sweep(frame(methods=1), "Title")
    with pytest.raises(UnknownName, match="'sam'; did you mean 'same'"):
        spread.sweep(frame(), "Title", "sam")
    two = frame().assign(hparams=[json.dumps({"k": i % 2, "p": i % 3}) for i in range(18)])
    with pytest.raises(BadValue, match="choose one with --over: k, p"):
        spread.sweep(two, "Title")
    assert values(spread.sweep(two, "Title", "p"), "median")


def test_curves_have_means_and_bands_of_one_standard_deviation():
    rows = values(robustness(frame(ratios=(0.0, 0.1))), "mean")
    first = next(row for row in rows if row["label"] == "vanilla" and row["x"] == 10)
    assert (first["mean"], first["std"], first["count"]) == (pytest.approx(60.1), pytest.approx(0.1), 3)
    assert first["high"] - first["mean"] == pytest.approx(0.1)
    alone = values(robustness(frame(seeds=1)), "mean")
    assert {row["std"] for row in alone} == {None}


def test_the_front_has_the_cheapest_and_who_is_better_than_the_last_by_more_than_chance():
    data = pd.DataFrame({"label": list("abcdef"), "value": [1.0, 3, 2, 3, 5, 1], "s": [1.0, 2, 3, 2.5, 9, 1]})
    better = {("b", "a"), ("c", "a"), ("d", "a"), ("e", "a"), ("e", "b")}
    assert cost.front(data, "s", better)["label"].tolist() == ["a", "b", "e"]
    assert cost.front(data, "s", better - {("b", "a")})["label"].tolist() == ["a", "d"]
    assert cost.front(data, "s", set())["label"].tolist() == ["a"]
    whole = cost.averaged(frame().drop(index=0).query("not (label == 'vanilla' and task == 'T1')"))
    assert whole["label"].tolist() == ["bidrop[k=3]", ODD] and whole["value"].iloc[0] == pytest.approx(71.35)
    told = costs(frame().query("not (label == 'vanilla' and task == 'T1')"), "Shared.").told
    assert "Without a score on every task: vanilla." in told and "Shared." in told


def test_ranks_are_averaged_over_tasks_and_ties_shared():
    data = frame(methods=3, tasks=2)
    assert with_ranks(data)[0] == {ODD: 1.0, "bidrop[k=3]": 2.0, "vanilla": 3.0}
    data.loc[(data["label"] == "vanilla") & (data["task"] == "T0"), "value"] += 0.02
    assert with_ranks(data)[0] == {ODD: 1.25, "vanilla": 2.25, "bidrop[k=3]": 2.5}
    with pytest.raises(FtbenchError, match="fewer than two methods"):
        ranked(frame(methods=1, tasks=3))
    critical = with_ranks(frame(methods=7, tasks=4))[1]
    assert critical == pytest.approx(2.949 * (7 * 8 / 24) ** 0.5, abs=2e-3)  # q of Demšar 2006, Table 5a
    assert with_ranks(frame(methods=7, tasks=1))[1] is None


@pytest.mark.parametrize(("tasks", "words"), [(1, "1 task,"), (2, "2 tasks,")])
def test_ranks_need_three_tasks(tasks, words):
    with pytest.raises(FtbenchError, match=f"ranks: the table has {words} and average ranks need 3"):
        ranked(frame(tasks=tasks))


def test_strips_join_the_runs_of_a_seed_and_break_where_a_method_lacks_it():
    data = frame(seeds=3, tasks=1)
    lacking = data[(data["label"] != "bidrop[k=3]") | (data["seed"] != 1)]
    lines = [row for row in values(strip(lacking), "seed", "side") if "job" not in row]
    by_seed = {s: [row["value"] for row in lines if row["seed"] == s] for s in range(3)}
    assert by_seed[1] == [pytest.approx(70.1), None, pytest.approx(72.1)]
    assert None not in by_seed[0] + by_seed[2] and len(by_seed[0]) == 3
    assert not [row for row in values(spread.sweep(data, "Title", "k"), "seed", "side") if "job" not in row]


def test_strips_say_n_and_what_failed_over_each_method_also_of_one_without_runs():
    none = {"lost": 0, "waiting": 0, "lacking": 0, "collapsed": 0, "diverged": 0}
    counts = [
        {"label": "vanilla", "task": "T0", **none, "n": 3},
        {"label": "bidrop[k=3]", "task": "T0", **none, "n": 3, "diverged": 2},
        {"label": "none at all", "task": "T0", **none, "n": 0, "lost": 4},
    ]
    spec = strip(frame(methods=2, tasks=1), counts=counts)
    assert values(spec, "runs") == [
        {"at": 0, "runs": "n=3"},
        {"at": 1, "runs": "n=3\nd=2"},
        {"at": 2, "runs": "n=0\nlost 4"},
    ]
    told = spec.told
    assert "lost: runs that ended without one" in told and "diverged, which score chance" in told
    assert "collapsed" not in told


def test_losses_of_two_methods_never_share_an_axis():
    panels = curves.learning(frame(), "Title", looks_for(frame())).chart["concat"]
    assert [panel["title"]["text"] for panel in panels] == ["T0: loss", "T1: loss"]
    for panel in panels:  # a column for each task, a row for each method
        assert panel["facet"]["sort"] == ["vanilla", "bidrop[k=3]", ODD] and panel["columns"] == 1
        assert panel["resolve"]["scale"] == {"y": "independent"}  # and one axis of steps


def test_losses_of_many_methods_on_one_task_stand_in_few_rows_of_small_panels():
    data = frame(methods=10, seeds=2, tasks=1)
    (panel,) = curves.learning(data, "Title", looks_for(data)).chart["concat"]
    assert panel["columns"] == 5 and panel["spec"]["height"] < 100
    rows = panel["data"]["values"]
    assert {row["label"] for row in rows} == set(data["label"])
    assert {row["shown"] for row in rows} == set(data["label"])  # each panel says whose losses it has


def test_more_losses_than_a_picture_holds_are_refused_with_their_number():
    many = frame(methods=62, seeds=1)
    with pytest.raises(BadValue, match=r"learning: 124 panels, .* holds 120; choose some with --methods"):
        curves.learning(many, "Title", looks_for(many))


def test_agreement_is_green_and_disagreement_is_not():
    pairs = pd.DataFrame(
        {
            "name": list("abc"),
            "published": [60.0, 70.0, 65.0],
            "measured": [61.0, 60.0, 66.0],
            "label": ["not reproduced", "reproduced", "underpowered"],
        }
    )
    spec = reproduction.reproduction(pairs.assign(margin=1.0), "Title")
    colours = {verdict: look.colour for verdict, look in looks_in(spec).items()}
    assert colours["reproduced"] == "#2B7D3E" and colours["not reproduced"] == "#C0392B"
    band = next(layer for layer in spec.chart["layer"] if layer["mark"]["type"] == "area")
    assert [(row["under"], row["over"]) for row in layer_rows(band)] == [
        (pytest.approx(row["a"] - 1), pytest.approx(row["a"] + 1)) for row in layer_rows(band)
    ]
    assert "in the band to within 1 point." in spec.told
    others = reproduction.reproduction(pairs.assign(label=["x", "y", "x"]), "Title")
    assert looks_in(others)["y"].colour == of_names(["x", "y"])["y"].colour


def test_ranks_of_topped_up_runs_are_grouped_at_the_level_of_their_plan():
    data = frame(methods=7, tasks=4)
    plan = TopupPlan("p", (), 0.05, 0.0, tuple(range(9)), (3, 6, 9))

    def told(*topped: Topped, critical: float | None = None) -> str:
        return with_groups(data, "Title", looks_for(data), topped, critical).told

    assert "critical difference, 4.50 ranks (Nemenyi, 0.05)." in told(Topped(plan, frozenset({"other"})))
    topped = Topped(plan, frozenset({data["job"].iloc[3]}))
    stricter = critical_difference(4, 7, 0.05 / 3)
    assert f"critical difference, {stricter:.2f} ranks (Nemenyi, 0.0167). Seeds were topped" in told(topped)
    assert stricter > 4.9 and "look 1 of 3, marks at 1.67 %." in told(topped)
    given = told(topped, critical=2.0)
    assert "2.00 ranks (as given, whatever its level)." in given and "topped" not in given


@pytest.mark.parametrize(
    ("places", "critical", "spans"),
    [
        ([1, 2, 3, 4], 0.5, []),
        ([1, 2, 3, 4], 1, [(0, 1), (1, 2), (2, 3)]),
        ([1, 1.5, 3.5, 4], 2.5, [(0, 2), (1, 3)]),
        ([1, 2, 3, 4], 9, [(0, 3)]),
    ],
)
def test_bars_join_the_longest_runs_within_the_critical_difference(places, critical, spans):
    assert ranks.joined_groups(places, critical) == spans
    bars = values(ranked(frame(methods=4, tasks=3), critical), "from") if places == [1, 2, 3, 4] else spans
    assert len(bars) == len(spans)


def test_tidy_scores_are_those_of_the_tables():
    data = tidy.frame_of(REPORT)
    assert list(data.columns) == tidy.COLUMNS and len(data) == 3 + 3 + 3 + 2 + 3
    assert data.groupby("label", sort=False)["value"].count().to_dict() == {
        "vanilla": 6,
        "bidrop[k=3]": 5,
        "r|drop *new*": 3,
    }
    assert set(tidy.frame_of(GROUPED)["ratio"]) == {0.0, 0.05} and tidy.frame_of(REPORT)[
        "task"
    ].unique().tolist() == [
        "CoLA",
        "RTE",
    ]


def test_a_plot_says_what_its_bars_are() -> None:
    pairs = pd.DataFrame({"name": ["a"], "published": 60.0, "measured": 61.0, "low": 60.0, "high": 62.0})
    said = reproduction.reproduction(pairs, "Title", "95 % t intervals").told
    assert "Bars: 95 % t intervals of the measured scores" in said
    few = pairs[["name", "published", "measured"]]
    assert "Bars" not in reproduction.reproduction(few, "Title").told


def test_verdicts_have_colours_of_their_own_and_far_points_are_named_in_the_picture():
    pairs = pd.DataFrame(
        {
            "name": ["Bi-Drop · RTE", "Bi-Drop · CoLA", "Vanilla · RTE"],
            "published": [60.0, 70.0, 65.0],
            "measured": [61.0, 60.0, 66.0],
            "label": ["undecidable", "not reproduced", "reproduced"],
            "margin": [1.0, 2.0, None],
        }
    )
    spec = reproduction.reproduction(pairs, "Title")
    colours = {verdict: look.colour for verdict, look in looks_in(spec).items()}
    assert colours["reproduced"] == "#2B7D3E" and len(set(colours.values())) == 3
    named = [layer for layer in spec.chart["layer"] if layer["mark"]["type"] == "text"]
    assert [row["name"] for layer in named for row in layer_rows(layer)] == ["Bi-Drop · CoLA"]
    bars = next(layer for layer in spec.chart["layer"] if layer["mark"].get("strokeWidth") == 11)
    assert layer_rows(bars) == [
        {"a": 60.0, "under": 59.0, "over": 61.0},
        {"a": 70.0, "under": 68.0, "over": 72.0},
    ]
    assert "in its grey bar to within its margin (1 to 2 points)" in spec.told
