"""Workers of a Dask cluster: the extra `cluster`. The same text goes there and comes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from lab.analysis.sweeps.work import lost, measure
from lab.errors import LabError

AHEAD = 4  # points that wait at each worker


class Cluster:
    """Answers of the workers of a scheduler as they come; the scheduler gives points of a worker that died to another one."""

    def __init__(self, address: str, workers: int):
        try:
            from distributed import Client, LocalCluster
        except ImportError as problem:
            raise LabError(f"A cluster needs Dask ({problem}): install the extra with pip install 'neural-lab[cluster]'.") from None
        self._local: Any = None
        try:
            if address == "local":
                self._local = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
                self._client = Client(self._local)
            else:
                self._client = Client(address, timeout="10s")
        except (OSError, ValueError, TimeoutError) as problem:
            raise LabError(f"--cluster {address}: no scheduler answers there ({problem}): give tcp://host:8786, or local.") from None

    def work(self, tasks: Iterable[str]) -> Iterator[str]:
        """One answer for each task."""
        from distributed import KilledWorker, as_completed

        waiting, asked = iter(tasks), {}

        def submit(task: str) -> Any:
            future = self._client.submit(measure, task, pure=False)
            asked[future.key] = task
            return future

        most = AHEAD * max(1, len(self._client.scheduler_info()["workers"]))
        going = as_completed([submit(task) for task in islice(waiting, most)])  # zip with a range would take one more, and lose it
        for future in going:
            task = asked.pop(future.key)
            try:
                yield future.result()
            except KilledWorker:
                yield lost(task, "The workers of the cluster died of this point: it may need more memory than they have.")
            except Exception as problem:
                raise LabError(
                    f"The cluster gave up ({type(problem).__name__}: {str(problem)[:200]}); what was done is kept: go on with --resume."
                ) from None
            if (more := next(waiting, None)) is not None:
                going.add(submit(more))

    def end(self) -> None:
        """Leave the scheduler; one that was begun here is ended."""
        self._client.close()
        if self._local is not None:
            self._local.close()
