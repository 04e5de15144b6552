"""``fake_worker.py HOW [FOLDER]``: a launched worker that works on nothing, and says what a worker would say.

``well``: it begins and ends in order. ``wait``: it begins and waits for a signal. ``fail``: it begins and
meets an error. ``mute``: it dies before it can say anything. ``once``: as ``fail`` the first time, then as
``well``.
"""

import os
import signal
import sys
import time
from pathlib import Path

how = sys.argv[1]
if how == "mute":
    sys.exit("no such library")

from ftbench.errors import FtbenchError  # noqa: E402  # they take their time
from ftbench.services.launching.allotted import allotted  # noqa: E402
from ftbench.services.worker.ledger import Tally  # noqa: E402

if how == "once":
    marker = Path(sys.argv[2]) / "once"
    how = "well" if marker.exists() else "fail"
    marker.touch()

got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: got.append(number))
try:
    with allotted(os.environ["FTBENCH_DB"], os.environ["FTBENCH_WORKER"], print) as mine:
        if how == "fail":
            raise FtbenchError("the machine is broken")
        while how == "wait" and not got:
            time.sleep(0.01)
        mine.tally = Tally(signal=128 + got[0] if got else 0)
except FtbenchError:
    sys.exit(1)
sys.exit(128 + got[0] if got else 0)
