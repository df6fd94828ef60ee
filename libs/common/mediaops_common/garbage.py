"""The cycle collector of a process that serves: it leaves alone what stays for good."""

import gc

__all__ = ["leave_alone_what_stays"]

THRESHOLDS = (50_000, 10, 50)
"""Batches make and drop tens of thousands of objects at once, nearly all without a cycle."""


def leave_alone_what_stays() -> None:
    """Takes what exists now, above all modules and their tables, out of every later collection.

    A full collection visits every object and stops the whole process meanwhile: of a system under
    load it was by far the longest halt of its door.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
