"""From flags to requests: what a command line means before any database is opened."""

from __future__ import annotations

import dataclasses

import pytest

from ftbench.cli import _requests as requests
from ftbench.db import JobFilter
from ftbench.domain.axes import MethodChoice
from ftbench.domain.result import State
from ftbench.errors import BadValue, UnknownName, UsageError
from ftbench.metrics import Margins
from ftbench.services.comparing.request import CompareRequest
from ftbench.services.papers.request import PrintedRequest, SuiteRequest
from ftbench.services.reporting.plots import PlotRequest
from ftbench.services.reporting.request import ReportRequest
from ftbench.services.scores.selection import Selection

VANILLA, BIDROP = MethodChoice("vanilla", {}), MethodChoice("bidrop", {"k": "3"})


def test_filters_are_read_into_values_once():
    found = requests.selection(" bert-base,minilm", "rte, cola,rte", "bidrop[k=3]")
    assert found == Selection(("bert-base", "minilm"), ("rte", "cola"), (BIDROP,), VANILLA)
    assert requests.selection(None, None) == Selection()
    assert requests.without_baseline(None, "", []).baseline is None


def test_the_axes_of_a_grid_are_values():
    found = requests.asked(
        methods="bidrop[k=3]", tasks="cola, rte", seeds="0,3", perturb=["noise=0,0.1"], settings=["lr=1e-4"]
    )
    assert (found.methods, found.tasks, found.seeds, found.models) == (
        (BIDROP,),
        ("cola", "rte"),
        (0, 3),
        None,
    )
    (noise,) = found.perturb
    assert [change and change.value for change in noise.changes] == [None, 0.1]
    assert found.settings.values() == {"lr": "1e-4"}


@pytest.mark.parametrize("flag", ["methods", "tasks", "models", "seeds", "variant"])
def test_an_axis_without_a_value_means_nothing_beside_a_suite(flag):
    with pytest.raises(BadValue, match=f"--{flag} ' , ': give a value, or leave it out for the suite's own"):
        requests.asked(suite=True, **{flag: " , "})
    with pytest.raises(BadValue, match="--noise '': give a value"):
        requests.asked(suite=True, perturb=["noise="])


@pytest.mark.parametrize("text", ["", "bidrop,vanilla", "bidrop[k=2|3]"])
def test_a_baseline_is_one_method(text):
    with pytest.raises(BadValue, match="give one method, such as vanilla"):
        requests.selection(None, None, None, text)


def test_a_comparison_has_its_methods_in_order_and_two_at_least():
    found = requests.compared(None, None, ["bidrop[k=3]", "vanilla"], command="power")
    assert found.methods == (BIDROP, VANILLA)
    for words in (["bidrop"], ["bidrop", " bidrop"], ["", "bidrop"]):
        with pytest.raises(UsageError, match="two methods or more"):
            requests.compared(None, None, words, command="power")


def test_a_filter_of_jobs_has_labels_and_states():
    found = requests.jobs("queued,done", None, "rte", "Bi-Drop,bidrop[k=3]")
    assert found == JobFilter((State.QUEUED, State.DONE), (), ("rte",), ("bidrop", "bidrop[k=3]"))
    with pytest.raises(UnknownName, match="unknown state 'dnoe'; did you mean 'done'"):
        requests.jobs("dnoe", None, None, None)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("all", PrintedRequest("all")),
        ("Bidrop", PrintedRequest("Bidrop", "bidrop")),
        ("dps/Table2", PrintedRequest("dps/Table2", "dps", "table2")),
        ("/table2", PrintedRequest("/table2", None, "table2")),
        ("", PrintedRequest("", "")),
    ],
)
def test_printed_numbers_are_of_a_paper_a_table_or_all(text, request_):
    assert requests.printed(text) == request_


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: ReportRequest(table="mian"), "did you mean 'main'"),
        (lambda: ReportRequest(show=("maen",)), "did you mean 'mean'"),
        (lambda: ReportRequest(table="curves", show=("mean",)), "--show does not go with the table 'curves'"),
        (lambda: PlotRequest("stripe"), "did you mean 'strip'"),
        (lambda: SuiteRequest("dps", margins=Margins({}, 0)), "margin 0"),
        (lambda: requests.condition({"noise": 1.0}, None), r"noise 1 is outside \[0, 1\)"),
        (lambda: CompareRequest(Selection(), correction="hol"), "did you mean 'holm'"),
    ],
)
def test_no_request_holds_what_cannot_be(made, message):
    with pytest.raises(UsageError, match=message):
        made()


def test_a_request_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ReportRequest().table = "robustness"  # type: ignore[misc]
