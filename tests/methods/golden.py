"""Whether a trajectory is the recorded one."""

from __future__ import annotations

import numpy as np


def assert_replays(steps, recording):
    for name, expected in recording.traj.items():
        for t, params in enumerate(steps, start=1):
            difference = np.abs(params[name].numpy() - expected[t]).max()
            assert difference <= recording.tolerance, f"{name} at step {t}: {difference}"
    assert len(steps) == len(next(iter(recording.traj.values()))) - 1
