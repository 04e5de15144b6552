"""The tables of papers beside ours; may use ``planning``, ``scores`` and ``exchange``."""
