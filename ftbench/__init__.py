"""ftbench: compare fine-tuning methods for pretrained language models, so that the table can be believed."""

from ftbench._version import __version__

__all__ = ["__version__"]
