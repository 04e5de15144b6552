"""From what was asked for to jobs: names found, axes crossed, costs estimated, commands written; may use ``worker`` and ``scores``."""
