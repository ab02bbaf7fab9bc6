"""Cycles go in the window's thread: a worker that cleared away what is connected to Qt could wait for ever."""

import gc
import threading
import weakref

import pytest

pytest.importorskip("PySide6")

from lab.widgets.garbage import Garbage


class Node:
    pass


def test_cycles_that_a_worker_leaves_are_collected_by_the_window(qapp):
    gc.collect()
    garbage, gone, kept = Garbage(qapp), [], []
    garbage._timer.stop()
    try:
        assert not gc.isenabled()

        def work():
            node = Node()
            node.itself = node
            kept.append(weakref.ref(node, lambda _: gone.append(threading.get_ident())))
            del node
            kept.extend([[k] for k in range(5000)])

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert gone == []
        garbage.look()
        assert gone == [threading.get_ident()]
    finally:
        garbage.stop()
        garbage.deleteLater()
    assert gc.isenabled()
