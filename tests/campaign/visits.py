"""Child of the campaigns against files: hands files to commands of the program, in one process, as a person would one after another.

    python -m tests.campaign.visits SECONDS < LIST      each line: a JSON list of arguments of `lab`

prints for each line the exit code, how often it complained and the seconds; `BAD` marks a traceback, an exception, a complaint of more
than one sentence or a wrong exit code. Whatever takes longer than SECONDS ends the process. The last line is the largest memory in MB.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import resource
import sys
import time
import traceback
import warnings


def visit(arguments: list[str], seconds: float) -> tuple[str, str]:
    """Exit code and what was said on standard error; BAD and the reason where that is no good answer."""
    from lab.__main__ import main

    out, said = io.StringIO(), io.StringIO()
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
            code = main(arguments)
    except BaseException:
        return "BAD", traceback.format_exc(limit=-4)
    finally:
        faulthandler.cancel_dump_traceback_later()
    words = said.getvalue().strip()
    complaints = [line for line in words.splitlines() if line.startswith("lab: ")]
    if "Traceback" in words + out.getvalue() or "a fault of the program" in words:
        return "BAD", words
    if code not in (0, 1, 2) or (code == 2 and not complaints) or len(complaints) > 1 or any(len(line) > 2000 for line in complaints):
        return "BAD", f"exit code {code}: {words[:1000]}"
    return str(code), words


def memory() -> int:
    """Most memory of this program in MB; what `getrusage` says would also count the process that started it."""
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    from lab.engine import faults

    faults.plain = False
    warnings.simplefilter("ignore")
    seconds = float(sys.argv[1])
    for line in sys.stdin:
        arguments = json.loads(line)
        print("trying", line.strip(), flush=True)
        began = time.perf_counter()
        code, words = visit(arguments, seconds)
        peak = memory()
        print(
            json.dumps(
                {"arguments": arguments, "code": code, "words": words[-1500:], "seconds": round(time.perf_counter() - began, 2), "MB": peak}
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
