"""Jobs, events and scores as files; may use ``worker`` and ``scores``."""
