"""How fast a session records, and how fast a large one opens: medians of several rounds.

python benchmarks/recording.py [--rounds N] [--large BYTES] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from lab.session import Session


def record(folder: Path, dtype: str, channels: int, rows: int, total: int) -> float:
    """Samples per second from the first append until the closed, single file."""
    block = np.random.default_rng(1).standard_normal((rows, channels)).astype(dtype)
    path = folder / "record.lab"
    path.unlink(missing_ok=True)
    begin = time.perf_counter()
    with Session.create(path) as session:
        run = session.add_run("benchmark", {})
        session.add_stream(run, "V", form="samples", dtype=dtype, shape=(channels,), every=1, unit="mV", meta={})
        for k in range(total // block.size):
            session.append_samples(run, "V", k * rows, block)
    return (total // block.size) * block.size / (time.perf_counter() - begin)


def opening(folder: Path, size: int, rounds: int) -> tuple[float, float, int]:
    """Median seconds to open for writing and to open and read one trace piece, for a session of about size bytes."""
    path = folder / "large.lab"
    path.unlink(missing_ok=True)
    block = np.random.default_rng(1).standard_normal((1000, 100))
    with Session.create(path) as session:
        for _ in range(10):
            run = session.add_run("large", {"model": "benchmark"})
            session.add_stream(run, "V", form="samples", dtype="float64", shape=(100,), every=1, unit="mV", meta={})
            for k in range(size // 10 // block.nbytes):
                session.append_samples(run, "V", k * 1000, block)
        session.update_run(run, state="finished")
    opened, read = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        session = Session.open(path)
        opened.append(time.perf_counter() - begin)
        with session.reader() as reader:
            reader.samples(run, "V", 100_000, 101_000)
        read.append(time.perf_counter() - begin)
        session.close()
    return statistics.median(opened), statistics.median(read), path.stat().st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=1_000_000_000)
    parser.add_argument("--folder", default=None, help="where to write (default: a temporary folder)")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        for dtype in ("float32", "float64"):
            for channels, rows, total in ((1, 2000, 8_000_000), (100, 1000, 40_000_000), (10_000, 20, 40_000_000)):
                speeds = [record(folder, dtype, channels, rows, total) / 1e6 for _ in range(arguments.rounds)]
                print(
                    f"record {dtype}, blocks of {rows:4d} x {channels:5d}: median {statistics.median(speeds):6.1f} million samples/s "
                    f"(lowest {min(speeds):.1f}), at least 10 wanted, ratio {statistics.median(speeds) / 10:.1f}"
                )
        opened, read, size = opening(folder, arguments.large, arguments.rounds)
        print(
            f"open {size / 1e9:.2f} GB: median {opened:.3f} s, with 1000 rows read {read:.3f} s, below 1 s wanted, ratio {1 / opened:.0f}"
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
