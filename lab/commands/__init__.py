"""Commands of the command line, one module per family; heavy imports happen inside the commands. A new file in this folder is found by itself.

Data goes to standard output, progress and complaints to standard error.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from pkgutil import iter_modules

from cyclopts import CycloptsError

from lab.commands.driving import ending_raises
from lab.commands.options import app, say
from lab.errors import DivergenceError, LabError

for _module in iter_modules(__path__):  # each registers its commands
    import_module(f"{__name__}.{_module.name}")

OUTPUT_FAILS = (errno.ENOSPC, errno.EIO, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def execute(argv: list[str]) -> int:
    """Parse and run one command line; every mistake of a person's ends as one sentence and exit code 1 or 2."""
    try:
        with ending_raises():
            result = app(argv, exit_on_error=False, print_error=False, result_action="return_value")
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where what goes wrong can be said
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
        _output_to_nowhere()
        return 0
    except OSError as error:
        if error.filename is None and error.errno in OUTPUT_FAILS:
            say(f"lab: the output cannot be written ({error.strerror}).")
            _output_to_nowhere()
        else:
            say(
                f"lab: {f'{str(error.filename)[:200]!r} cannot be used' if error.filename else 'the system refuses'} ({error.strerror or error})."
            )
        return 1
    except MemoryError:
        say("lab: there is not enough memory for this: choose fewer cells, a shorter duration or a larger recording interval.")
        return 1
    except Exception as error:
        from lab.engine import faults

        if faults.plain:
            raise
        say(
            f"lab: a fault of the program ({type(error).__name__}: {_one_line(error)[:200]}): nothing recorded is lost. "
            "Please report it with the command and the file it was given; LAB_DEBUG=1 shows where it happened."
        )
        return 1


def _output_to_nowhere() -> None:
    """What is still waiting to be written would fail once more when Python ends, with a traceback."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
