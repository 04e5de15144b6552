"""The fine-tuning methods: one file each; users' own come from files and entry points."""

from ftbench.methods._registry import ALIASES, available, canonical, find, of_row, tuners
from ftbench.methods._same import same_code
from ftbench.methods._source import FORM, file_digest, source_digest
from ftbench.methods.base import Method

__all__ = [
    "ALIASES",
    "FORM",
    "Method",
    "available",
    "canonical",
    "file_digest",
    "find",
    "of_row",
    "same_code",
    "source_digest",
    "tuners",
]
