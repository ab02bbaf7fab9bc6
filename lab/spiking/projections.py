"""What joins populations: synapses by a rule, and drive from outside; each is a value of described parameters."""

from __future__ import annotations

import math
from typing import ClassVar

from lab.params import Described, param

RULES = ("fixed probability", "fixed in-degree", "one to one", "all to all", "distance", "matrix")


class Projection(Described):
    """Synapses from every neuron of one population onto neurons of another.

    `fixed probability` joins each pair with probability p; `fixed in-degree` gives every target the same number of
    random sources; `distance` joins with p exp(-d^2 / 2 width^2), both populations lying evenly on a ring or a line of
    length 1; `matrix` holds the weights themselves, a row for each source. The weight is a size: the sign says whether
    it excites or inhibits.
    """

    owner: ClassVar[str] = "projection"

    sign: str = param(
        "excitatory", choices=("excitatory", "inhibitory"), live=False, doc="Which synapses of the target it ends on.", main=True
    )
    weight: float = param(1.0, lo=0, hi=1e6, doc="Size of one synapse in the unit of the target (mV or nS).", main=True)
    rule: str = param("fixed probability", choices=RULES, live=False, doc="Who is joined to whom.", main=True)
    probability: float = param(
        0.1, lo=0, hi=1, live=False, doc="Probability of each pair.", when=("rule", ("fixed probability", "distance"))
    )
    in_degree: int = param(
        10, "synapses", lo=0, hi=100_000, live=False, doc="Synapses that each target receives.", when=("rule", "fixed in-degree")
    )
    repeats: bool = param(False, live=False, doc="The same source may reach a target several times.", when=("rule", "fixed in-degree"))
    width: float = param(0.1, lo=0.001, hi=10, live=False, doc="Width of the distance profile, in lengths of the population.")
    profile: bool = param(False, live=False, doc="Weights fall with distance as exp(-d^2 / 2 width^2).")
    ring: bool = param(True, live=False, doc="The populations lie on a ring instead of a line.")
    matrix: tuple[tuple[float, ...], ...] = param(
        (), kind="matrix", live=False, doc="Relative weights, a row for each source; 0 is no synapse.", when=("rule", "matrix")
    )
    to_itself: bool = param(False, live=False, doc="A neuron may reach itself.")
    delay: float = param(1.5, "ms", lo=0, hi=500, live=False, doc="Time from the spike to its arrival.", main=True)
    delay_spread: float = param(0.0, "ms", lo=0, hi=500, live=False, doc="Delays are uniform from delay - spread to delay + spread.")
    weight_spread: float = param(
        0.0, lo=0, hi=2, live=False, doc="Standard deviation of the weights as a part of the weight (normal, never negative)."
    )
    plastic: bool = param(False, live=False, doc="Weights change by spike-timing-dependent plasticity.", group="STDP")
    potentiation: float = param(
        0.01, lo=0, hi=1, doc="Rise of a relative weight by a pair with the source first.", when=("plastic", True), group="STDP"
    )
    depression: float = param(
        0.0105, lo=0, hi=1, doc="Fall of a relative weight by a pair with the target first.", when=("plastic", True), group="STDP"
    )
    tau_plus: float = param(
        20.0, "ms", lo=0.1, hi=1000, log=True, doc="Decay of potentiation with the interval.", when=("plastic", True), group="STDP"
    )
    tau_minus: float = param(
        20.0, "ms", lo=0.1, hi=1000, log=True, doc="Decay of depression with the interval.", when=("plastic", True), group="STDP"
    )
    largest: float = param(2.0, lo=0, hi=100, doc="Largest relative weight.", when=("plastic", True), group="STDP")

    def check(self) -> None:
        if self.delay_spread > self.delay:
            raise self.refuse("delay_spread", f"must be at most delay ({self.delay:g} ms)")
        if self.plastic and self.delay_spread > 0:
            raise self.refuse("delay_spread", "must be 0 where plastic is on, which needs one delay for all synapses")
        if self.rule == "matrix":
            if not self.matrix or len({len(row) for row in self.matrix}) != 1:
                raise self.refuse("matrix", "must have rows of equal length, one for each source")
            if any(w < 0 for row in self.matrix for w in row):
                raise self.refuse("matrix", "must hold sizes from 0, because the sign of the projection says whether it inhibits")

    @property
    def varied(self) -> bool:
        """Whether each synapse needs a weight of its own."""
        return self.plastic or self.profile or self.weight_spread > 0 or self.rule == "matrix"

    def expected(self, sources: int, size: int, same: bool) -> float:
        """Mean number of synapses between `sources` and `size` neurons; `same`: from a population to itself."""
        pairs = sources * size - (min(sources, size) if same and not self.to_itself else 0)
        if self.rule == "fixed probability":
            return pairs * self.probability
        if self.rule == "fixed in-degree":
            return size * self.in_degree
        if self.rule == "one to one":
            return min(sources, size)
        if self.rule == "all to all":
            return pairs
        if self.rule == "matrix":
            return sum(w != 0 for row in self.matrix for w in row)
        if self.ring:
            inside = self.width * math.sqrt(2 * math.pi) * math.erf(0.5 / (self.width * math.sqrt(2)))
        else:
            # Mean over both ends of exp(-(x - y)^2 / 2 w^2) on the unit square.
            w = self.width
            inside = w * math.sqrt(2 * math.pi) * math.erf(1 / (w * math.sqrt(2))) - 2 * w * w * -math.expm1(-0.5 / (w * w))
        return sources * size * self.probability * min(1.0, inside)

    def room(self, sources: int, size: int, same: bool) -> int:
        """Synapses to make room for: the mean and eight standard deviations."""
        mean = self.expected(sources, size, same)
        if self.rule in ("fixed probability", "distance"):
            return int(min(sources * size, mean * 1.02 + 8 * math.sqrt(mean) + 64))
        return int(mean)


class Drive(Described):
    """Independent Poisson input to every neuron of a population, as from `sources` outside neurons of one rate."""

    owner: ClassVar[str] = "drive"

    rate: float = param(10.0, "Hz", lo=0, hi=1e5, doc="Rate of each outside neuron.", main=True)
    sources: int = param(1000, "neurons", lo=1, hi=100_000, log=True, doc="Outside neurons that reach each neuron.")
    weight: float = param(0.1, lo=0, hi=1e6, doc="Size of one synapse in the unit of the target (mV or nS).", main=True)
    sign: str = param("excitatory", choices=("excitatory", "inhibitory"), live=False, doc="Which synapses of the target it ends on.")
    until: float = param(0.0, "ms", lo=0, hi=1e9, doc="The drive ends at this time; 0: it never ends.")


class Noise(Described):
    """White noise current to every neuron of a population: V gains strength sqrt(dt) times a normal number each step."""

    owner: ClassVar[str] = "noise"

    strength: float = param(
        1.0, "mV/sqrt(ms)", lo=0, hi=100, doc="Standard deviation of the potential gained in 1 ms without leak.", main=True
    )
