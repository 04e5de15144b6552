"""What runs predicted, as numbers."""

from __future__ import annotations

import numpy as np

from ftbench import tasks
from ftbench.services.scores.predicted import answers


def test_a_class_is_the_largest_logit_and_a_number_the_only_one():
    logits = np.array([[0.1, 0.9], [2.0, -1.0], [0.0, 0.5]])
    assert answers(tasks.find("rte"), logits).tolist() == [1.0, 0.0, 1.0]
    assert answers(tasks.find("stsb"), logits[:, :1]).tolist() == [0.1, 2.0, 0.0]
