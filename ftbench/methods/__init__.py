"""The fine-tuning methods: one file each; users' own come from files and entry points."""

from ftbench.methods._registry import ALIASES, available, canonical, find, of_row
from ftbench.methods._source import source_digest
from ftbench.methods.base import Method

__all__ = ["ALIASES", "Method", "available", "canonical", "find", "of_row", "source_digest"]
