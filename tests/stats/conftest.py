import warnings

import pytest


@pytest.fixture(autouse=True)
def _no_warnings():
    """What a statistic warns of would stand on the user's console."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
