"""Worker processes of this machine: each asks for a point, and one that is killed is replaced."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Iterable, Iterator

from lab.analysis.sweeps.work import lost
from lab.errors import LabError
from lab.sources import child_command

TRIES = 3  # workers that a point may take with it
ALONE = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
CODE = "from lab.analysis.sweeps.work import serve; serve()"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Worker:
    """A process that answers one point at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            child_command(CODE), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **ALONE},
            start_new_session=True,  # Ctrl-C ends the sweep, which then ends its workers
        )  # fmt: skip

    def ask(self, task: str) -> str | None:
        """The answer, or None where the worker died of it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(task + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip() or None
        except (OSError, ValueError):
            return None

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass


class Pool:
    """Answers of several workers as they come."""

    def __init__(self, workers: int):
        if not 1 <= workers <= 1024:
            raise LabError(f"--workers must be from 1 to 1024 (got {workers}).")
        self._count = workers
        self._tasks: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._ended = False

    def work(self, tasks: Iterable[str]) -> Iterator[str]:
        """One answer for each task. The first is done alone, so that what has to be compiled is compiled once."""
        waiting, given, done = iter(tasks), 0, 0
        first = next(waiting, None)
        if first is None:
            return
        for _ in range(self._count):  # all load the lab while the first compiles
            self._start()
        self._tasks.put(first)
        yield self._answers.get()
        # Few wait in the queue: a plan of a million points is never held in memory.
        for task in waiting:
            self._tasks.put(task)
            given += 1
            if given - done >= 4 * self._count:
                yield self._answers.get()
                done += 1
        while done < given:
            yield self._answers.get()
            done += 1

    def _start(self) -> None:
        thread = threading.Thread(target=self._serve, name="sweep worker", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        worker = self._new()
        while worker is not None and (task := self._tasks.get()) is not None:
            answer = None
            for _ in range(TRIES):
                answer = worker.ask(task)
                if answer is not None:
                    break
                worker.end()
                worker = self._new()
                if worker is None:
                    return
            if answer is None:
                answer = lost(task, f"The worker was killed {TRIES} times at this point: it may need more memory than there is.")
            self._answers.put(answer)

    def _new(self) -> Worker | None:
        with self._lock:
            if self._ended:
                return None
            worker = Worker()
            self._workers = [each for each in self._workers if each.process.poll() is None]
            self._workers.append(worker)
            return worker

    def end(self) -> None:
        """Let all workers go."""
        with self._lock:
            self._ended = True
            workers = list(self._workers)
        for worker in workers:
            worker.end()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(5.0)
