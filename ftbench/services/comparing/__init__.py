"""Methods against each other, seed by seed, and the seeds that takes; may use every room but ``reporting``."""
