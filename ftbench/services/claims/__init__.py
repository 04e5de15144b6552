"""What users declared before they ran it, and what the runs say of it; may use ``scores`` and ``planning``."""
