"""What of a set a run has right, by what tasks predict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ftbench import tasks
from ftbench.domain.task import MULTI_LABEL, NO_LABEL, TOKEN_CLASSIFICATION
from ftbench.services.scores.predicted import is_right

RTE = tasks.find("rte")


def test_a_class_is_right_where_its_logit_is_the_largest():
    logits = np.array([[0.1, 0.9], [2.0, -1.0], [0.5, 0.5]])
    assert is_right(RTE, logits, np.array([1.0, 1.0, 0.0])).tolist() == [True, False, True]


def test_a_row_of_labels_or_words_is_right_where_all_of_them_are():
    several = replace(RTE, kind=MULTI_LABEL)
    found = is_right(several, np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert found.tolist() == [True, False]
    words = np.array([[[0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    labels = np.array([[1.0, NO_LABEL], [0.0, 1.0]])
    assert is_right(replace(RTE, kind=TOKEN_CLASSIFICATION), words, labels).tolist() == [True, False]
