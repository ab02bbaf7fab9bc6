"""Commands of the command line, one module per family; heavy imports happen inside the commands.

Data goes to standard output, progress and complaints to standard error.
"""

from __future__ import annotations

import os
import sys

from cyclopts import CycloptsError

# Each module registers its commands, in the order in which the help names them.
from lab.commands import analyse, catalogue, data, embed, files, hear, learning, running, verify, window  # noqa: F401
from lab.commands.options import app, say
from lab.errors import DivergenceError, LabError


def execute(argv: list[str]) -> int:
    """Parse and run one command line; every mistake of a person's ends as one sentence and exit code 1 or 2."""
    try:
        result = app(argv, exit_on_error=False, print_error=False, result_action="return_value")
        return result if isinstance(result, int) else 0
    except CycloptsError as error:
        say(f"lab: {_one_line(error)}")
        say("Try 'lab --help' or 'lab COMMAND --help'.")
        return 2
    except DivergenceError as error:
        say(f"lab: {error}")
        return 1
    except LabError as error:
        say(f"lab: {error}")
        return 2
    except KeyboardInterrupt:
        say("lab: stopped.")
        return 1
    except BrokenPipeError:
        # The reader of our output (head, less) went away: nothing to complain about.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        say("lab: there is not enough memory for this: choose fewer cells, a shorter duration or a larger recording interval.")
        return 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
