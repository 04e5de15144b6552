"""From what was asked for to jobs, their cost and their command; may use ``worker`` and ``scores``."""
