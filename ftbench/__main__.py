"""``ftbench`` and ``python -m ftbench``: the command line."""

import signal


def start_command_line() -> None:
    """Load the command line, and run it.

    Loading takes a tenth of a second, in which nobody catches Ctrl-C: it ends the process as it does others,
    without a traceback. Where it is ignored, as in the background, it stays so.
    """
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ftbench.cli import app

    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    app.main()


if __name__ == "__main__":
    start_command_line()
