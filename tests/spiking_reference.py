"""A slow and obvious simulator of spiking networks: one neuron at a time, one spike at a time, in plain Python.

It shares with the package only the description of the network and the drawn connectivity, not one line of its loops.
"""

import math


def simulate(net, built, state, steps):
    """Spikes [(step, neuron)] of a network without random input, from the given initial state."""
    dt = built.dt
    cells = []  # per neuron: population, its value, its own state
    for g, (_, p) in enumerate(net.populations):
        first = int(built.wiring.pop[g, 1])
        for i in range(p.size):
            rows = {name: float(state["x"][r, first + i]) for r, name in enumerate(p.row_names)}
            cells.append((g, p, rows | {"until": 0}))
    firsts = [int(built.wiring.pop[g, 1]) for g in range(len(net.populations))]
    arrivals = {}  # step -> [(neuron, sign, amount)]
    spikes = []
    for step in range(steps):
        due = arrivals.pop(("early", step), [])
        for neuron, amount in due:
            cells[neuron][2]["input"] += amount
        fired = [n for n, (_, p, c) in enumerate(cells) if move(p, c, step, dt)]
        for neuron in fired:
            spikes.append((step, neuron))
            g = cells[neuron][0]
            for q, link in enumerate(net.links):
                if net.index(link.source) != g:
                    continue
                targets, weights, delays = built.row(q, neuron - firsts[g])
                target = net.population(link.target)
                early = "input" in target.row_names
                for k, t in enumerate(targets):
                    w = link.projection.weight * (1.0 if weights is None else float(weights[k]))
                    wait = round(link.projection.delay / dt) if delays is None else int(delays[k])
                    to = firsts[net.index(link.target)] + int(t)
                    inhibits = link.projection.sign == "inhibitory"
                    if inhibits and not target.by_conductance:
                        w = -w
                    if early:
                        arrivals.setdefault(("early", step + max(1, wait)), []).append((to, w))
                    else:
                        arrivals.setdefault(("late", step + wait), []).append((to, "inhibitory" if inhibits else "excitatory", w))
        for neuron, port, amount in arrivals.pop(("late", step), []):
            p, c = cells[neuron][1], cells[neuron][2]
            if "current_e" in c:
                amount *= math.e / (p.tau_inhibitory if port == "inhibitory" else p.tau_excitatory)
            c[port] += amount
    return spikes


def move(p, c, step, dt):
    """One step of one neuron; True if it fires."""
    kind = type(p).__name__
    held = c["until"] > step
    if kind == "LIF":
        e = math.exp(-dt / p.tau)
        drift = (1 - e) * (p.rest + p.bias)
        v = c["V"]
        if p.synapses == "delta":
            new = v * e + drift + c["input"]
            c["input"] = 0.0
        elif p.synapses == "exponential":
            new = v * e + drift
            for port, ts in (("excitatory", p.tau_excitatory), ("inhibitory", p.tau_inhibitory)):
                d = math.exp(-dt / ts)
                new += c[port] * ts / (p.tau - ts) * (e - d)
                c[port] *= d
        else:
            new = v * e + drift
            for level, rise, ts in (("current_e", "excitatory", p.tau_excitatory), ("current_i", "inhibitory", p.tau_inhibitory)):
                d, a = math.exp(-dt / ts), 1 / p.tau - 1 / ts
                z = math.exp(a * dt)
                new += e / p.tau * (c[level] * (z - 1) / a + c[rise] * (z * (a * dt - 1) + 1) / a**2)
                c[level] = (c[level] + dt * c[rise]) * d
                c[rise] *= d
        if not held:
            c["V"] = new
        if c["V"] >= p.threshold:
            c["V"], c["until"] = p.reset, step + round(p.refractory / dt) + 1
            return True
        return False
    v, ge, gi = c["V"], c["excitatory"], c["inhibitory"]
    c["excitatory"] *= math.exp(-dt / p.tau_excitatory)
    c["inhibitory"] *= math.exp(-dt / p.tau_inhibitory)
    if kind == "Izhikevich":
        c["V"] = v + dt * (0.04 * v * v + 5 * v + 140 - c["u"] + ge + gi + p.bias)
        c["u"] += dt * p.a * (p.b * v - c["u"])
        if c["V"] >= 30:
            c["V"], c["u"] = p.c, c["u"] + p.d
            return True
        return False
    pull = ge * (p.reversal_excitatory - v) + gi * (p.reversal_inhibitory - v)
    if kind == "AdEx":
        spike = p.leak * p.sharpness * math.exp((v - p.soft_threshold) / p.sharpness)
        new = v + dt / p.capacitance * (p.leak * (p.rest - v) + spike - c["w"] + p.bias + pull)
        c["w"] += dt / p.tau_w * (p.a * (v - p.rest) - c["w"])
        c["V"] = v if held else new
        if c["V"] >= p.peak:
            c["V"], c["w"], c["until"] = p.reset, c["w"] + p.b, step + round(p.refractory / dt) + 1
            return True
        return False
    total, inward = p.leak + ge + gi, p.leak * p.rest + p.bias + ge * p.reversal_excitatory + gi * p.reversal_inhibitory
    if kind == "HodgkinHuxley":
        na, k = p.sodium * c["m"] ** 3 * c["h"], p.potassium * c["n"] ** 4
        total, inward = total + na + k, inward + na * p.reversal_sodium + k * p.reversal_potassium
    new = inward / total + (v - inward / total) * math.exp(-dt * total / p.capacitance)
    if kind == "ConductanceLIF":
        c["V"] = v if held else new
        if c["V"] >= p.threshold:
            c["V"], c["until"] = p.reset, step + round(p.refractory / dt) + 1
            return True
        return False
    at = (new if p.method == "second order" else v) - p.shift
    rates = {
        "m": (0.32 * (13 - at) / (math.exp((13 - at) / 4) - 1), 0.28 * (at - 40) / (math.exp((at - 40) / 5) - 1)),
        "h": (0.128 * math.exp((17 - at) / 18), 4 / (1 + math.exp((40 - at) / 5))),
        "n": (0.032 * (15 - at) / (math.exp((15 - at) / 5) - 1), 0.5 * math.exp((10 - at) / 40)),
    }
    for gate, (up, down) in rates.items():
        c[gate] = up / (up + down) + (c[gate] - up / (up + down)) * math.exp(-dt * (up + down))
    c["V"] = new
    if new > -20 and not held:
        c["until"] = step + round(p.refractory / dt)
        return True
    return False
