"""A passport: the same experiment written for other simulators, run by those that are installed, and what they agree on.

    run of a session --Model.portable--> terms (equations, populations, layers) --programs/--> scripts --running--> agreement

A model says its terms once (`lab.model.portable`); a file of `programs/` says how one program is told them. Every value of a script stands
in one table of numbers and words, so nothing that a session says can become code.
"""

from lab.analysis.passport.agreement import Agreement, Line
from lab.analysis.passport.told import passport
from lab.analysis.passport.writing import Expected, Script, Untold

__all__ = ["Agreement", "Expected", "Line", "Script", "Untold", "passport"]
