import pytest

from ftbench.render.numbers import percent


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.6494, False, "64.94"),
        (0.0155, True, "+1.55"),
        (-0.015, True, "-1.50"),
        (-0.00001, False, "0.00"),
        (-0.00001, True, "0.00"),
        (0.0, True, "0.00"),
        (1.0, False, "100.00"),
    ],
)
def test_fractions_are_shown_times_100_and_zero_has_no_sign(value, signed, text):
    assert percent(value, signed=signed) == text
