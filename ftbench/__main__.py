"""``python -m ftbench``: the command line."""

from ftbench.cli.app import main

if __name__ == "__main__":
    main()
