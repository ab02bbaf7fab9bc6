"""Learners whose length is given in steps: they have no data set that is gone through, or more than they will ever see of it."""

from __future__ import annotations

from lab.model import param
from lab.training.learner import Learner


class Stepwise(Learner):
    """A learner that makes so many steps, and is watched for half a minute."""

    steps: int = param(1000, "steps", lo=1, hi=1_000_000, log=True, live=False, group="Training", doc="How long it learns.")

    @property
    def length(self) -> int:
        """All steps."""
        return self.steps

    @property
    def seconds(self) -> float:
        """It is watched for half a minute."""
        return 30.0
