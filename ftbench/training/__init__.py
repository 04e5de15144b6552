"""Training: what runs inside the child process; needs torch and transformers, no database."""
