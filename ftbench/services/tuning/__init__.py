"""Tuning: studies of methods on equal budgets; their spaces, draws, trials and choices."""
