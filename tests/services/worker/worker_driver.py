"""A worker in a process of its own, with the fake training process.

``worker_driver.py DATABASE LEASE SLOTS`` prints what it does, a JSON list a line, and ends with
the worker's exit code.
"""

import json
import sys
from pathlib import Path

from ftbench.db import create_database
from ftbench.services.worker.options import Options
from ftbench.services.worker.worker import Worker

FAKE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_child.py")))


class Tell:
    interval = None

    def _tell(self, *what):
        print(json.dumps(what), flush=True)

    def say(self, text):
        self._tell("say", text)

    def counted(self, counts):
        pass

    def started(self, digest, words):
        self._tell("started", digest)

    def step(self, digest, run, step, total):
        self._tell("step", digest, step)

    def ended(self, digest, how, seconds, detail=""):
        self._tell("ended", how, detail)

    def tick(self):
        pass

    def close(self):
        pass


with create_database(sys.argv[1]) as database:
    lease, slots = float(sys.argv[2]), int(sys.argv[3])
    options = Options(name="driver", drain=True, lease=lease, slots=slots, command=FAKE)
    tally = Worker(database, options, Tell()).run()
heavy = {"torch", "numpy", "pandas", "scipy", "transformers", "datasets"} & set(sys.modules)
assert not heavy, heavy
sys.exit(tally.exit_code)
