"""Jobs, events and scores as files; may use ``scores`` and ``worker``."""
