"""The small jobs of the training tests."""

from tests.training.conftest import bench, fit

__all__ = ["bench", "fit"]
