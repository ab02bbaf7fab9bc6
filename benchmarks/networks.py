"""Training steps of sequence networks, makers of samples, language models and attacks: CPU milliseconds beside PyTorch (eager).

Run: python benchmarks/networks.py [rounds] [names]. Ours and theirs take turns in one run, one thread each; medians. A recurrent
network has two peers: PyTorch's own layer, and the recurrence written out, as everybody writes it who wants another cell.
"""

from __future__ import annotations

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import sys
from statistics import median
from time import process_time

import numpy as np
from peer import lend, row

from lab.tape import Program, Tape, adam

RNG = np.random.default_rng(0)
STEPS, HIDDEN, BATCH = 50, 32, 32  # of the recurrent networks
WIDTHS = (64, 128, 128, 10)  # of the classifier that is attacked


# Ours ------------------------------------------------------------------------------------------------------------------


def rnn() -> Program:
    t = Tape()
    drive, w = t.affine(t.input("x", (STEPS, 2)), HIDDEN), t.parameter("w", (HIDDEN, HIDDEN))
    h = t.tanh(t.select(drive, 0))
    for k in range(1, STEPS):
        h = t.tanh(t.select(drive, k) + t.affine(h, weight=w, bias=False))
    t.minimise(t.mse(t.affine(h, 1), t.input("t", 1)), adam(5e-3, clip=1.0))
    return t.compile(BATCH)


def lstm() -> Program:
    t = Tape()
    h = t.lstm(t.input("x", (STEPS, 2)), HIDDEN)[-1]
    t.minimise(t.mse(t.affine(h, 1), t.input("t", 1)), adam(5e-3, clip=1.0))
    return t.compile(BATCH)


def vae() -> Program:
    t = Tape()
    x = t.input("x", 64)
    h = t.relu(t.affine(x, 128, init="he"))
    m, v = t.affine(h, 8), t.affine(h, 8, init="small")
    z = m + t.exp(t.scale(v, 0.5)) * t.gaussian((8,))
    y = t.affine(t.relu(t.affine(z, 128, init="he")), 64)
    t.minimise(t.bernoulli(y, x) + t.kl_gaussian(m, v), adam(2e-3))
    return t.compile(64)


def layers(t: Tape, name: str, widths) -> list:
    return [
        (t.parameter(f"{name}.w{k}", widths[k : k + 2], "he"), t.parameter(f"{name}.b{k}", widths[k + 1], "zeros", decay=False))
        for k in range(len(widths) - 1)
    ]


def through(t: Tape, x, parameters):
    for k, (w, b) in enumerate(parameters):
        x = t.affine(x, weight=w, bias=b)
        x = t.relu(x) if k + 1 < len(parameters) else x
    return x


def gan() -> Program:
    t = Tape()
    g, d = layers(t, "g", (2, 64, 64, 2)), layers(t, "d", (2, 64, 64, 1))
    x, fake = t.input("x", 2), through(t, t.gaussian((2,)), g)
    both = t.mean(t.softplus(-through(t, x, d))) + t.mean(t.softplus(through(t, t.stop_gradient(fake), d)))
    t.minimise(both, adam(1e-3, 0.5), [p for pair in d for p in pair], name="D")
    t.minimise(t.mean(t.softplus(-through(t, fake, d))), adam(1e-3, 0.5), [p for pair in g for p in pair], name="G")
    return t.compile(128)


def gpt(blocks: int, width: int, heads: int, tied: bool, length: int = 32, vocabulary: int = 96) -> Program:
    t = Tape()
    h = t.embedding(t.labels("x", vocabulary, length), width, name="table") + t.parameter("position", (length, width), "small")
    for _ in range(blocks):
        u = t.layer_norm(h)
        q, k, v = (t.transpose(t.reshape(t.affine(u, width, bias=False), (length, heads, width // heads)), (1, 0, 2)) for _ in range(3))
        w = t.softmax(t.scale(t.matmul(q, k, transposed=True), (width // heads) ** -0.5), causal=True)
        h = h + t.affine(t.reshape(t.transpose(t.matmul(w, v), (1, 0, 2)), (length, width)), width)
        h = h + t.affine(t.gelu(t.affine(t.layer_norm(h), 4 * width)), width)
    h = t.layer_norm(h)
    y = t.affine(h, weight=t.find("table.weight"), transposed=True, bias=False) if tied else t.affine(h, vocabulary, bias=False)
    t.minimise(t.mean(t.cross_entropy(y, t.labels("t", vocabulary, length))), adam(3e-3))
    return t.compile(16)


def trades() -> Program:
    t = Tape()
    x, labels, w = t.input("x", 64), t.labels("t", 10), layers(t, "w", WIDTHS)
    near = t.free("near", 64, start=x + t.scale(t.gaussian((64,)), 1e-3))
    clean, other = through(t, x, w), through(t, near, w)
    kl = t.kl_categorical(clean, other)
    t.settle(kl, [near], steps=10, rate=0.025, rule="sign", ascend=True, ball=(x, 0.1), low=0.0, high=1.0)
    t.minimise(t.cross_entropy(clean, labels) + t.scale(kl, 6.0), adam(1e-3))
    return t.compile(64)


def attack() -> Program:
    t = Tape()
    x, labels, w = t.input("x", 64), t.labels("t", 10), layers(t, "w", WIDTHS)
    near = t.free("near", 64, start=x + t.uniform((64,), -0.1, 0.1))
    t.settle(
        t.cross_entropy(through(t, near, w), labels),
        [near],
        steps=40,
        rate=0.01,
        rule="sign",
        ascend=True,
        ball=(x, 0.1),
        low=0.0,
        high=1.0,
    )
    return t.compile(64)


def defended():
    """The training steps of the model `adversarial-training`, as a run takes them."""
    from lab import catalog
    from lab.engine.simulation import Simulation

    s = Simulation(catalog.load("adversarial-training")(evaluate=0.0, epochs=100_000), 0)
    return s.advance


def training(program: Program, **inputs):
    state, data = program.start(0, len(next(iter(inputs.values())))), program.data(**inputs)
    return lambda n: program.train(state, data, n).check()


# Theirs ----------------------------------------------------------------------------------------------------------------


def torch_training(parameters, loss, rate: float, clip: float = 0.0):
    import torch

    parameters = list(parameters)
    optimiser = torch.optim.Adam(parameters, rate)

    def run(n):
        for _ in range(n):
            optimiser.zero_grad()
            loss().backward()
            if clip:
                torch.nn.utils.clip_grad_norm_(parameters, clip)
            optimiser.step()

    return run


def torch_layer(kind: str):
    import torch
    from torch import nn

    cell, head = getattr(nn, kind)(2, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 1)
    x, y = torch.randn(BATCH, STEPS, 2), torch.randn(BATCH, 1)
    return torch_training([*cell.parameters(), *head.parameters()], lambda: nn.functional.mse_loss(head(cell(x)[0][:, -1]), y), 5e-3, 1.0)


def torch_written_out(kind: str):
    import torch
    from torch import nn

    gates = 4 if kind == "LSTM" else 1
    u, w = nn.Parameter(torch.randn(2, gates * HIDDEN) * 0.3), nn.Parameter(torch.randn(HIDDEN, gates * HIDDEN) * 0.1)
    b, head = nn.Parameter(torch.zeros(gates * HIDDEN)), nn.Linear(HIDDEN, 1)
    x, y = torch.randn(BATCH, STEPS, 2), torch.randn(BATCH, 1)

    def loss():
        drive, h, c = x @ u + b, torch.zeros(BATCH, HIDDEN), torch.zeros(BATCH, HIDDEN)
        for k in range(STEPS):
            z = drive[:, k] + h @ w
            if gates == 1:
                h = torch.tanh(z)
            else:
                i, f, g, o = z.chunk(4, 1)
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
        return nn.functional.mse_loss(head(h), y)

    return torch_training([u, w, b, *head.parameters()], loss, 5e-3, 1.0)


def torch_vae():
    import torch
    from torch import nn

    first, mean, spread, second, last = nn.Linear(64, 128), nn.Linear(128, 8), nn.Linear(128, 8), nn.Linear(8, 128), nn.Linear(128, 64)
    x = torch.rand(64, 64)

    def loss():
        h = first(x).relu()
        m, v = mean(h), spread(h)
        y = last(second(m + (0.5 * v).exp() * torch.randn_like(m)).relu())
        pixels = nn.functional.binary_cross_entropy_with_logits(y, x, reduction="none").sum(1)
        return (pixels + 0.5 * (v.exp() + m**2 - v - 1).sum(1)).mean()

    return torch_training([p for layer in (first, mean, spread, second, last) for p in layer.parameters()], loss, 2e-3)


def torch_gan():
    import torch
    from torch import nn

    def network(inputs, outputs):
        return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))

    g, d, x, plus = network(2, 2), network(2, 1), torch.randn(128, 2), nn.functional.softplus
    first, second = (torch.optim.Adam(player.parameters(), 1e-3, (0.5, 0.999)) for player in (d, g))

    def run(n):
        for _ in range(n):
            first.zero_grad()
            (plus(-d(x)).mean() + plus(d(g(torch.randn(128, 2)).detach())).mean()).backward()
            first.step()
            second.zero_grad()
            plus(-d(g(torch.randn(128, 2)))).mean().backward()
            second.step()

    return run


def torch_gpt(blocks: int, width: int, heads: int, tied: bool, length: int = 32, vocabulary: int = 96):
    import torch
    from torch import nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            q, k, v = (u.reshape(16, length, heads, -1).transpose(1, 2) for u in self.qkv(self.first(x)).chunk(3, 2))
            seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(seen.transpose(1, 2).reshape(16, length, width))
            return x + self.down(nn.functional.gelu(self.up(self.second(x)), approximate="tanh"))

    table, position = nn.Embedding(vocabulary, width), nn.Parameter(torch.randn(length, width) * 0.02)
    stack = nn.Sequential(*(Block() for _ in range(blocks)), nn.LayerNorm(width))
    head = nn.Linear(width, vocabulary, bias=False)
    x, y = torch.randint(0, vocabulary, (16, length)), torch.randint(0, vocabulary, (16, length))

    def loss():
        h = stack(table(x) + position)
        return nn.functional.cross_entropy((h @ table.weight.T if tied else head(h)).flatten(0, 1), y.flatten())

    return torch_training([*table.parameters(), position, *stack.parameters(), *(() if tied else head.parameters())], loss, 3e-3)


def backwards(width: int = 32, heads: int = 2, length: int = 12, letters: int = 10) -> Program:
    from lab.training.encoder_decoder import Plan, translator

    t = Tape()
    x, y = t.labels("x", letters, (length,)), t.labels("y", letters + 1, (length,))
    logits, _ = translator(t, x, y, Plan(letters, length, width, 1, heads))
    t.minimise(t.mean(t.cross_entropy(logits, t.labels("t", letters, (length,)))), adam(1e-3))
    return t.compile(BATCH)


def torch_backwards(width: int = 32, heads: int = 2, length: int = 12, letters: int = 10):
    import torch
    from torch import nn

    f = nn.functional

    class Look(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.parts, self.mix = (
                nn.LayerNorm(width),
                nn.ModuleList(nn.Linear(width, width) for _ in "qkv"),
                nn.Linear(width, width),
            )

        def forward(self, h, memory=None, causal=False):
            normed = self.norm(h)
            asked = normed if memory is None else memory
            q, k, v = (
                part(u).unflatten(-1, (heads, -1)).transpose(1, 2) for part, u in zip(self.parts, (normed, asked, asked), strict=True)
            )
            return h + self.mix(f.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2))

    class Think(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, h):
            return h + self.down(f.gelu(self.up(self.norm(h)), approximate="tanh"))

    tables = nn.ModuleList(
        [nn.Embedding(letters, width), nn.Embedding(letters + 1, width), nn.Embedding(length, width), nn.Embedding(length, width)]
    )
    read, think, memory, back, cross, write, last = Look(), Think(), nn.LayerNorm(width), Look(), Look(), Think(), nn.LayerNorm(width)
    head, places = nn.Linear(width, letters), torch.arange(length)
    x, y, t = (
        torch.randint(0, letters, (BATCH, length)),
        torch.randint(0, letters + 1, (BATCH, length)),
        torch.randint(0, letters, (BATCH, length)),
    )

    def loss():
        seen = memory(think(read(tables[0](x) + tables[2](places))))
        h = write(cross(back(tables[1](y) + tables[3](places), causal=True), seen))
        return f.cross_entropy(head(last(h)).flatten(0, 1), t.flatten())

    modules = (tables, read, think, memory, back, cross, write, last, head)
    return torch_training([p for module in modules for p in module.parameters()], loss, 1e-3)


def torch_attacks(train: bool):
    import torch
    from torch import nn

    f = nn.functional
    network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    x, t = torch.rand(64, 64), torch.randint(0, 10, (64,))

    def climb(near, steps, rate, loss):
        for _ in range(steps):
            near.requires_grad_()
            (slope,) = torch.autograd.grad(loss(network(near)), [near])
            near = torch.min(torch.max(near.detach() + rate * slope.sign(), x - 0.1), x + 0.1).clamp(0, 1)
        return near

    def loss():
        target = network(x).softmax(1).detach()
        near = climb(x + 1e-3 * torch.randn_like(x), 10, 0.025, lambda y: f.kl_div(y.log_softmax(1), target, reduction="sum"))
        y = network(x)
        return f.cross_entropy(y, t) + 6 * f.kl_div(network(near).log_softmax(1), y.softmax(1), reduction="batchmean")

    def attack(n):
        for _ in range(n):
            climb(x + 0.1 * (2 * torch.rand_like(x) - 1), 40, 0.01, lambda y: f.cross_entropy(y, t, reduction="sum"))

    return torch_training(network.parameters(), loss, 1e-3) if train else attack


# In turns --------------------------------------------------------------------------------------------------------------


def cases():
    """(name, ours, theirs, steps of ours in a round, of theirs); made one by one, because each takes a moment to prepare."""
    sequences = {"x": RNG.normal(size=(512, STEPS, 2)), "t": RNG.normal(size=(512, 1))}
    tokens = {"x": RNG.integers(0, 96, (320, 32)), "t": RNG.integers(0, 96, (320, 32))}
    digits = {"x": RNG.random((1437, 64)), "t": RNG.integers(0, 10, 1437)}
    for kind, ours in (("RNN", rnn), ("LSTM", lstm)):
        yield f"{kind}, T 50, 32 units", lambda ours=ours: training(ours(), **sequences), lambda kind=kind: torch_layer(kind), 30, 10
        yield (
            f"{kind}, written out in torch",
            lambda ours=ours: training(ours(), **sequences),
            lambda kind=kind: torch_written_out(kind),
            30,
            5,
        )
    yield "VAE 64-128-8-128-64", lambda: training(vae(), x=digits["x"]), torch_vae, 60, 20
    yield "GAN 64-64, D and G", lambda: training(gan(), x=RNG.normal(size=(2000, 2))), torch_gan, 60, 20
    for size in ((1, 32, 2, False), (2, 64, 4, True)):
        yield f"GPT {size[0]} x {size[1]}", lambda size=size: training(gpt(*size), **tokens), lambda size=size: torch_gpt(*size), 8, 5
    pairs = {"x": RNG.integers(0, 10, (640, 12)), "y": RNG.integers(0, 11, (640, 12)), "t": RNG.integers(0, 10, (640, 12))}
    yield "encoder and decoder, 12 letters", lambda: training(backwards(), **pairs), torch_backwards, 20, 10
    yield "TRADES, 10 inner steps", lambda: training(trades(), **digits), lambda: torch_attacks(True), 40, 10

    yield "TRADES, as the model runs it", defended, lambda: torch_attacks(True), 40, 10

    def pgd():
        program = attack()
        state, given = program.start(0), {name: value[:64] for name, value in digits.items()}
        return lambda n: [program.forward(state, "near", **given) for _ in range(n)]

    yield "PGD-40 on 64 digits", pgd, lambda: torch_attacks(False), 10, 5


def clock(run, n: int) -> float:
    began = process_time()
    run(n)
    return (process_time() - began) / n * 1e3


def main(rounds: int, names: list[str]) -> None:
    lend("torch")
    import torch

    torch.set_num_threads(1)
    print(f"{'CPU ms per step':30}{'tape':>9}{'torch':>9}{'ratio':>8}")
    for name, make, make_theirs, few, fewer in cases():
        if names and not any(part.lower() in name.lower() for part in names):
            continue
        ours, theirs = make(), make_theirs()
        ours(2), theirs(2)
        found = [(clock(ours, few), clock(theirs, fewer)) for _ in range(rounds)]
        one, two = (median(column) for column in zip(*found, strict=True))
        row(f"{name}: a step", "ms", one, **{"PyTorch eager": two})
        print(f"{name:30}{one:9.3f}{two:9.3f}{two / one:8.2f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9, sys.argv[2:])
