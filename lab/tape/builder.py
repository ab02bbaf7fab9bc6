"""The tape on which a network is written down: symbolic shapes, names, instructions; nothing runs yet."""

from __future__ import annotations

from collections.abc import Sequence

from lab.errors import ModelError, ParameterError
from lab.tape.listing import Listing, Node, Objective, shape_of
from lab.tape.methods import Operations
from lab.tape.optimisers import Optimiser
from lab.tape.program import Program


class Tape(Operations, Listing):
    """Builder of programs.

        t = Tape()
        x = t.input("x", (64,))
        h = t.relu(t.affine(x, 128, init="he", name="hidden1"))
        y = t.affine(h, 10, name="output")
        loss = t.cross_entropy(y, t.labels("t", 10))
        t.minimise(loss, adam(3e-3))
        program = t.compile(batch=32)

    Every operation of `lab/tape/operations` is a method. Shapes are per sample, the batch axis is implied. Wrong shapes
    raise a ModelError that names both ends.
    """

    def input(self, name: str, shape: int | Sequence[int]) -> Node:
        """A value that is given for every sample, of the given shape per sample."""
        return self.node(name, "input", shape_of(name, shape), True)

    def labels(self, name: str, classes: int, shape: int | Sequence[int] = ()) -> Node:
        """Whole numbers 0 to classes - 1 given for every sample (one each, or an array of the given shape)."""
        if classes < 1:
            raise ParameterError(f"tape: labels '{name}' need at least 1 class (got {classes}); give the number of classes.", owner="tape")
        return self.node(name, "input", shape_of(name, shape), True, classes=int(classes))

    def record(self, name: str, node: Node) -> Node:
        """Report the mean of `node` over every training minibatch under `name`; returns the node."""
        if any(known == name for known, _ in self.records):
            raise ModelError(f"tape: the record '{name}' exists already; give it another name.")
        self.records.append((name, node))
        return node

    def minimise(
        self, loss: Node, optimiser: Optimiser, parameters: Sequence[Node | str] | None = None, *, name: str = "", turn: tuple[int, bool] | None = None
    ) -> None:  # fmt: skip
        """Descend the batch mean of `loss` (one value per sample) by moving `parameters` (default: all it depends on).

        Called several times, the objectives take turns in that order within every step, each with its own forward pass on
        the same minibatch. Their hyper-parameters are called `<name>.rate`, `<name>.decay` and so on; the default name is
        "optimiser", then "optimiser2". The loss is recorded as "loss", or `<name>.loss` where a name is given.

        turn=(every, active) makes two more live numbers, `<name>.every` and `<name>.active`: the objective takes part in each
        `every`-th step only (in the others its records are NaN), and while it is not active its loss is still measured, but moves nothing.
        """
        title = name or ("optimiser" if not self.objectives else f"optimiser{len(self.objectives) + 1}")
        if loss.size != 1:
            raise ModelError(
                f"tape: the loss '{loss.name}' has the shape {loss.shape} per sample; take its mean or sum to one value first."
            )
        if loss.stopped:
            raise ModelError(f"tape: the loss '{loss.name}' is behind a stop of the gradient; minimise the value before it.")
        if parameters is None:
            chosen = [node for node in self.ancestors([loss]) if self.nodes[node].kind == "parameter"]
        else:
            chosen = [(self.find(p) if isinstance(p, str) else p).index for p in parameters]
            for index in chosen:
                if self.nodes[index].kind != "parameter":
                    raise ModelError(
                        f"tape: objective '{title}' cannot move '{self.nodes[index].name}', a {self.nodes[index].kind}; name parameters."
                    )
        if not chosen:
            raise ModelError(f"tape: the loss '{loss.name}' depends on no parameter; nothing can be minimised.")
        for other in self.objectives:
            both = set(other.parameters) & set(chosen)
            if both and both != set(other.parameters) | set(chosen):
                raise ModelError(
                    f"tape: objectives '{other.name}' and '{title}' share '{self.nodes[min(both)].name}' but not all parameters; "
                    "make their groups equal or separate."
                )
        floats = self.add_floats(title, optimiser.floats())
        record = f"{name}.loss" if name else "loss" if not self.objectives else f"loss{len(self.objectives) + 1}"
        taking = {} if turn is None else {"every": (float(turn[0]), 1.0, 1e9), "active": (float(turn[1]), 0.0, 1.0)}
        place = self.add_floats(title, taking) if taking else -1
        self.objectives.append(Objective(title, loss, optimiser, tuple(sorted(set(chosen))), floats, record, place))

    def compile(self, batch: int = 32, dtype: str = "float32") -> Program:
        """The immutable program for minibatches of up to `batch` samples; dtype float64 is for checks."""
        return Program(self, batch, dtype)
