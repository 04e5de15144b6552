"""The fine-tuning methods: one file each; users' own come from files and entry points."""

from ftbench.methods._registry import ALIASES, available, canonical, find
from ftbench.methods._same import same_code
from ftbench.methods._source import FORM, source_digest
from ftbench.methods.base import Method

__all__ = ["ALIASES", "FORM", "Method", "available", "canonical", "find", "same_code", "source_digest"]
