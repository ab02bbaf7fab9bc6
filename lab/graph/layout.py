"""Places for the nodes of a graph: columns from sources to sinks, ordered within a column so that few edges cross."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SWEEPS = 6


def layered(order: Sequence[str], pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Column and row of each node (Sugiyama, Tagawa and Toda 1981).

    order   nodes so that edges lead forward; edges of `pairs` that lead backward in it close a circle and only pull.
    Each node stands one column after the latest of its sources. Within a column nodes are sorted by the mean row of
    their neighbours, sweeping forth and back, and rows are centred.
    """
    place = {id: k for k, id in enumerate(order)}
    forward = sorted({(a, b) if place[a] < place[b] else (b, a) for a, b in pairs}, key=lambda p: place[p[0]])
    column = dict.fromkeys(order, 0)
    for a, b in forward:
        column[b] = max(column[b], column[a] + 1)
    columns: list[list[str]] = [[] for _ in range(1 + max(column.values(), default=0))]
    for id in order:
        columns[column[id]].append(id)
    beside: dict[str, list[str]] = {id: [] for id in order}
    for a, b in forward:
        beside[a].append(b)
        beside[b].append(a)
    row = {id: k - (len(ids) - 1) / 2 for ids in columns for k, id in enumerate(ids)}
    for sweep in range(SWEEPS):
        for ids in columns if sweep % 2 == 0 else reversed(columns):
            pull = {id: sum(row[n] for n in beside[id]) / len(beside[id]) if beside[id] else row[id] for id in ids}
            ids.sort(key=lambda id: (pull[id], place[id]))
            for k, id in enumerate(ids):
                row[id] = k - (len(ids) - 1) / 2
    return {id: (float(column[id]), row[id]) for id in order}
