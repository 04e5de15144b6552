"""The tables of papers beside ours; may use ``scores``, ``planning`` and ``exchange``."""
