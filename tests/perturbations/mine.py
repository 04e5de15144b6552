"""A perturbation of a user's own."""

MINE = "from ftbench.perturbations import Perturber\n\nclass Mine(Perturber):\n    name = 'mine'\n"
