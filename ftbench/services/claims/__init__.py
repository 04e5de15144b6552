"""What users declared before it ran, and what came of it; may use ``planning``, ``scores``."""
