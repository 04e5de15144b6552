"""Where curves and scores of jobs are sent beside the database: trackers, one file each, and users' own.

Each needs a package of its own, which is loaded inside functions only. Beside a worker a tracker has a
process of its own (``python -m ftbench.trackers NAME``), so that nothing that goes wrong comes to a job.
"""

from ftbench.trackers._deliveries import Deliveries, line_of_tracked, tracked_of_line
from ftbench.trackers._process import said_of
from ftbench.trackers._registry import available, find, names
from ftbench.trackers.base import Ending, TrackedJob, Tracker, TrackerRun

__all__ = [
    "Deliveries",
    "Ending",
    "TrackedJob",
    "Tracker",
    "TrackerRun",
    "available",
    "find",
    "tracked_of_line",
    "names",
    "said_of",
    "line_of_tracked",
]
