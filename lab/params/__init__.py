"""What a person types: described parameters (described.py), their kinds (kinds.py), formulas and conditions (arithmetic.py)."""

from lab.params.described import Described, Frozen, Spec, frozen, param, redeclared

__all__ = ["Described", "Frozen", "Spec", "frozen", "param", "redeclared"]
