"""Sweeps: the same experiment at many values of its parameters and many seeds, on processes of this machine or on a cluster.

    plan (what is varied) --points--> work (one point: JSON in, JSON out) --on pool or cluster--> table (a session, CSV, Parquet)

A point is told and answered as JSON, so nothing but text passes between processes, and every way of working gives the same bytes.
"""

from lab.analysis.sweeps.driving import sweep
from lab.analysis.sweeps.plan import Axis, Plan, Point, axis
from lab.analysis.sweeps.table import Row, Table

__all__ = ["Axis", "Plan", "Point", "Row", "Table", "axis", "sweep"]
