"""The fine-tuning methods: one file each; users' own come from files and entry points."""

from ftbench.methods._registry import ALIASES, MethodEntry, available, canonical, find, is_file
from ftbench.methods._source import source_digest
from ftbench.methods.base import Method

__all__ = ["ALIASES", "Method", "MethodEntry", "available", "canonical", "find", "is_file", "source_digest"]
