"""Numbers for people: rounding, signs, powers, plurals and units as books print them."""

import math

import pytest

from lab.params import Described, param
from lab.units import counted, figure, lines, log_ticks, number, plain, singular, ticks, typeset, unit_for

THIN = "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1000.0, "1000"), (12345.6, f"12{THIN}346"), (1e6, "1 × 10⁶"), (250_000.0, f"250{THIN}000"), (86_000_000_000, f"86{THIN}000{THIN}000{THIN}000"),
        (68.32294, "68.32"), (-64.9964, "−65"), (-0.25, "−0.25"), (5.5e-17, "0"), (-3.9e-14, "0"), (0.0, "0"), (-0.0, "0"),
        (2.1e-5, "2.1 × 10⁻⁵"), (2.1e-4, "0.00021"), (2.1e-7, "2.1 × 10⁻⁷"), (1.5e14, "1.5 × 10¹⁴"), (-1.6e-19, "0"), (0.5, "0.5"), (1.0, "1"), (99.999, "100"),
        (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "—"), (None, "—"), (True, "yes"), (False, "no"), ("neuron 1", "neuron 1"), (684, "684"), (-3, "−3"),
    ],
)  # fmt: skip
def test_numbers(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("name", "one"),
    [("spikes", "spike"), ("synapses", "synapse"), ("spikes of the ears", "spike of the ears"), ("neuron updates", "neuron update"),
     ("pattern", "pattern"), ("classes", "class"), ("energies", "energy"), ("analysis", "analysis"), ("loss", "loss")],
)  # fmt: skip
def test_one_of_several(name, one):
    assert singular(name) == one


def test_counts_and_figures_in_words():
    assert counted(1, "spikes") == "1 spike" and counted(0, "spikes") == "0 spikes" and counted(684, "spikes") == "684 spikes"
    assert counted(3, "pattern") == "pattern 3", "a number that is no number of things"
    assert figure("rate (Hz)", 68.32) == "rate 68.32 Hz"
    assert figure("mean (1/s)", 1.0) == "mean 1 s⁻¹"
    assert figure("R (MOhm)", 10.0) == "R 10 MΩ"
    assert figure("I (uA/cm2)", -6.26) == "I −6.26 µA/cm²"
    assert figure("angle (°)", 30.0) == "angle 30°"
    assert figure("interval - theory (ms)", -3.9e-14) == "interval - theory 0 ms"
    assert lines({"spikes": 1, "theory interval (ms)": math.inf}) == ["spikes: 1", "theory interval (ms): ∞"]


@pytest.mark.parametrize(
    ("plain", "printed"),
    [("uA/cm2", "µA/cm²"), ("MOhm", "MΩ"), ("kOhm cm", "kΩ cm"), ("1/ms", "ms⁻¹"), ("tau_m", "τ_m"), ("tau (ms)", "τ (ms)"), ("um", "µm"), ("1/2", "1/2"), ("nS/um2", "nS/µm²")],
)  # fmt: skip
def test_units_as_printed(plain, printed):
    assert typeset(plain) == printed


@pytest.mark.parametrize(
    ("exponents", "shown"),
    [([-2, -1, 0, 1, 2], ["0.01", "0.1", "1", "10", "100"]), ([0, 1, 2, 3], ["1", "10", "100", "1000"]), ([0, 3, 6], ["10⁰", "10³", "10⁶"]), ([-6, -3], ["10⁻⁶", "10⁻³"]),
     ([math.log10(2), math.log10(5), 1.0], ["2", "5", "10"]), ([3.0, 3 + math.log10(5)], ["1000", "5000"])],
)  # fmt: skip
def test_places_on_a_logarithmic_axis(exponents, shown):
    assert log_ticks(exponents) == shown


@pytest.mark.parametrize(
    ("values", "spacing", "shown"),
    [([-50.0, 0.0, 50.0], 50.0, ["−50", "0", "50"]), ([0.0, 0.5, 1.0], 0.5, ["0.0", "0.5", "1.0"]), ([0.0, 20000.0], 20000.0, ["0", f"20{THIN}000"]),
     ([0.0, 2e6], 2e6, ["0", "2 × 10⁶"]), ([-1e-5, 0.0, 1e-5], 1e-5, ["−1 × 10⁻⁵", "0", "1 × 10⁻⁵"]), ([-1e-17, 0.1], 0.1, ["0.0", "0.1"]), ([], 1.0, []),
     ([-61.09862, -61.0986, -61.09858], 2e-5, ["−61.09862", "−61.0986", "−61.09858"])],
)  # fmt: skip
def test_places_along_an_axis(values, spacing, shown):
    assert ticks(values, spacing) == shown


@pytest.mark.parametrize("value", [-65.0, 12345.678, 1e-7, -2.5e9, 86_000_000_000, 0.1, 1e-13, 0.0, -3])
def test_what_is_printed_can_be_typed_again(value):
    assert float(plain(number(value, 7, nothing=0.0))) == pytest.approx(value, rel=1e-6, abs=0)


def test_parameters_are_read_as_they_are_printed():
    class Cell(Described):
        current: float = param(0.0, "uA/cm2", lo=-1e6, hi=1e6, doc="Current.")
        cells: int = param(1, lo=1, hi=10**9, doc="Cells.")

    for text, value in {"−6.26 µA/cm²": -6.26, "-6.26 uA/cm2": -6.26, f"12{THIN}346": 12346.0, "2.1 × 10⁻⁵": 2.1e-5, "1e3": 1000.0}.items():
        assert Cell.from_text("current", text) == value
    assert Cell.from_text("cells", f"86{THIN}000") == 86000
    assert Cell.specs()["current"].text(-6.26) == "−6.26 µA/cm²" and Cell.specs()["cells"].text(12000) == f"12{THIN}000"


def test_units_that_are_words_take_the_number_of_their_amount_and_symbols_stay():
    said = [
        (1, "pixels"),
        (3, "pixels"),
        (0, "pixels"),
        (1, "place"),
        (61, "place"),
        (12.5, "epoch"),
        (2, "minibatch"),
        (1, "nats"),
        (2, "rewired network"),
    ]
    assert [unit_for(*each) for each in said] == [
        "pixel", "pixels", "pixels", "place", "places", "epochs", "minibatches", "nat", "rewired networks"
    ]  # fmt: skip
    assert [unit_for(n, u) for n in (1, 2) for u in ("ms", "s", "eps", "Hz", "µA/cm²", "log10", "")] == [
        "ms",
        "s",
        "eps",
        "Hz",
        "µA/cm²",
        "log10",
        "",
    ] * 2


def test_a_number_is_read_back_with_the_unit_it_was_shown_with():
    from lab import catalog

    kind = catalog.load("convolution-as-neurons")
    for value in (1, 3):
        shown = kind.specs()["stride"].text(value)
        assert shown == ("1 pixel" if value == 1 else "3 pixels") and kind.from_text("stride", shown) == value
