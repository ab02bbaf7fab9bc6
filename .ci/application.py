"""Where the one-folder application begins: the command `lab`, and the interpreter that the lab's own children ask for.

The lab starts children as `python -P -c CODE ARGUMENTS` and `python -P -m lab ARGUMENTS` (`lab.sources.child_command`). In a folder
without a Python of its own the application takes its place.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the arguments ask for; returns the exit code."""
    given = sys.argv[1:]
    if given[:2] == ["-P", "-c"]:
        sys.argv = ["-c", *given[3:]]
        exec(compile(given[2], "<child>", "exec"), {"__name__": "__main__"})
        return 0
    if given[:3] == ["-P", "-m", "lab"]:
        sys.argv[1:] = given[3:]
    from lab.__main__ import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
