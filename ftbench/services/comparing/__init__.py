"""Methods against each other, seed by seed; may use every room but ``reporting``."""
