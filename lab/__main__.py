"""The command `lab`: opens the window, or does one thing without it.

Exit codes: 0 done, 1 a run or a check failed, 2 the command was given wrongly.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    from lab.commands import execute

    return execute(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
