"""``fake_ftbench.py ARGUMENTS``: the real command line, whose training process is the fake one."""

import sys
from pathlib import Path

from ftbench.services.worker import child

child.COMMAND = (sys.executable, "-I", "-S", str(Path(__file__).with_name("fake_child.py")))

from ftbench.cli.app import main  # noqa: E402  # Options take the command as they are loaded

main()
