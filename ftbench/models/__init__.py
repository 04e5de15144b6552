"""Which pretrained models there are, and where their weights stand."""

from ftbench.models.contents import inspect
from ftbench.models.registry import MODELS, find, names, recipe
from ftbench.models.resolve import packaged, resolve
from ftbench.models.weights import away, cached, locate

__all__ = ["MODELS", "away", "cached", "find", "inspect", "locate", "names", "packaged", "recipe", "resolve"]
