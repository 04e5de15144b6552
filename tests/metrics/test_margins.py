"""Margins: what each metric has, what a user gives in their place, and what is none."""

from __future__ import annotations

import pytest

from ftbench.errors import BadValue, UnknownName
from ftbench.metrics import Margins, margins, usable


def test_each_metric_has_its_own_and_others_a_point():
    own = Margins()
    assert (own.of("accuracy"), own.of("matthews"), own.of("spearman"), own.of("bleu")) == (1, 2, 1, 1)


def test_one_number_is_for_all_metrics_and_a_named_one_for_its_own():
    assert {margins("0.5").of(metric) for metric in [one.name() for one in usable()]} == {0.5}
    some = margins("matthews=3, accuracy=0.5")
    assert (some.of("matthews"), some.of("accuracy"), some.of("accuracy_label1")) == (3, 0.5, 2)
    both = margins("1.5,matthews=3")
    assert (both.of("matthews"), both.of("f1")) == (3, 1.5)


def test_an_average_has_the_mean_of_its_columns_margins():
    assert Margins().averaged(["matthews", "f1", "accuracy", "spearman"]) == 1.25
    assert margins("0.5").averaged([]) == 0.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0", "margin 0: give points above 0 and below 100"),
        ("nan", "margin nan: give points"),
        ("accuracy=100", "margin 100: give points"),
        ("accuracy", "margin 'accuracy': give points, such as 1, or accuracy=1,matthews=2"),
        ("", "margin '': give points"),
        ("1,2", "give one number, or one for each metric"),
        ("f1=1,f1=2", "f1 is given twice"),
        ("acuracy=1", "unknown metric 'acuracy'; did you mean 'accuracy'"),
    ],
)
def test_what_is_no_margin_is_refused_in_a_line(text, told):
    with pytest.raises((BadValue, UnknownName), match=told.replace("(", r"\(")) as caught:
        margins(text)
    assert "\n" not in str(caught.value)
