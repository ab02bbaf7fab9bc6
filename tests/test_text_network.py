"""Networks of tokens from the canvas: the lab's own transformer to the bit, what does not fit, what reads ahead, writing, its place in the window."""

import numpy as np
import pytest

from lab import catalog
from lab.engine.simulation import Simulation
from lab.errors import LabError
from lab.graph.kinds.layers import chain, letters_gpt, letters_lstm

TOKENS = ("tokens", "Tokens", dict(places=8))
TABLE = ("embedding", "Table", dict(vocabulary=96, features=8))
HEAD = ("token-head", "Head", dict(vocabulary=96))


def text_network(graph=None, **values):
    graph = letters_gpt(96, places=8, width=8, heads=2) if graph is None else graph
    return catalog.load("text-network")(**{"graph": graph.to_json(), "steps": 40, "evaluate": 20.0, "looking": 10.0, **values})


@pytest.fixture(scope="module")
def small() -> Simulation:
    simulation = Simulation(text_network(), 1)
    simulation.advance(40)
    return simulation


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_drawn_transformer_learns_what_the_lab_s_own_learns_to_the_bit(blocks):
    letters = len(catalog.load("gpt")().alphabet)
    graph = letters_gpt(letters, places=8, width=8, heads=2, blocks=blocks)
    own = Simulation(catalog.load("gpt")(blocks=blocks, width=8, heads=2, context=8, steps=40, evaluate=20.0, looking=10.0), 3)
    drawn = Simulation(text_network(graph), 3)
    np.testing.assert_array_equal(own.state["parameters"], drawn.state["parameters"])
    for _ in range(2):
        own.advance(20), drawn.advance(20)
        np.testing.assert_array_equal(own.state["parameters"], drawn.state["parameters"])
        np.testing.assert_array_equal(own.state["last"], drawn.state["last"])
        np.testing.assert_array_equal(own.state["samples"], drawn.state["samples"])
    assert own.summary()["held-out loss"] == drawn.summary()["held-out loss"] < drawn.summary()["chance (nats)"] - 0.5


@pytest.mark.parametrize("kind", ["lstm", "gru", "recurrent"])
def test_recurrent_layers_read_letters_and_what_they_say_before_one_does_not_depend_on_it(kind):
    graph = chain(TOKENS, TABLE, (kind, "Memory", dict(units=8)), ("token-head", "Head", dict(vocabulary=96, tied=False)))
    simulation = Simulation(text_network(graph, steps=20), 1)
    simulation.advance(20)
    found = simulation.summary()
    assert not simulation.constants.extra["ahead"] and "head" not in found and found["held-out loss"] < found["chance (nats)"]
    assert simulation.observe("next")[0]["%"] > 0
    simulation.act("check_gradients")
    assert "arrays agree" in simulation.summary()["gradient check"]
    with pytest.raises(LabError, match="no attention"):
        simulation.act("silence_head")


def test_a_network_that_reads_ahead_is_told_so():
    graph = letters_gpt(96, places=8, width=8, heads=2)
    graph = graph.set(graph.named("Attention").id, causal=False)
    simulation = Simulation(text_network(graph), 1)
    assert simulation.summary()["reads ahead"].startswith("yes")
    assert "Make attention causal" in simulation.model.advice(simulation.constants, simulation.state).sentence


@pytest.mark.parametrize(
    ("layers", "values", "words"),
    [
        ((TOKENS, TABLE, ("token-head", "Head", dict(vocabulary=95))), {}, "Head has 95 tokens, but Table, to which it is tied, has 96"),
        ((TOKENS, ("embedding", "Table", dict(vocabulary=50, features=8)), ("token-head", "Head", dict(vocabulary=50))), {}, "Table has 50 tokens, but the text has 94 different letters: give it as many"),
        ((TOKENS, TABLE, HEAD), dict(tokens="byte pairs", vocabulary=300), "Table has 96 tokens, but the text has 300 byte pairs"),
        ((TOKENS, TABLE, HEAD), dict(text="repeats"), "must read at least 24 places for repeats"),
        ((("input", "Input", {}), ("output", "Output", {})), {}, "Input takes numbers: such a network learns in the model 'layered-network'"),
        ((TOKENS, TABLE, ("out-of-time", "Last", {}), ("output", "Output", {})), {}, "Tokens and Output do not go together"),
        ((("input", "Input", dict(channels=8)), TABLE, HEAD), {}, "Input and Head do not go together"),
        ((TOKENS, ("sequence", "Places", {}), ("dense-per-place", "Dense", dict(units=8)), ("token-head", "Head", dict(vocabulary=96, tied=False))), {}, "Tokens leads to no Embedding"),
    ],
)  # fmt: skip
def test_what_cannot_learn_a_text_is_refused_in_one_sentence(layers, values, words):
    with pytest.raises(LabError, match=words):
        text_network(chain(*layers), **values)


def test_a_file_with_more_letters_than_the_network_has_is_refused_when_the_run_begins(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("".join(chr(200 + k % 150) for k in range(2000)), "utf-8")
    with pytest.raises(LabError, match="96 tokens, but the text has 150 different letters"):
        Simulation(text_network(text="file", file=str(path)), 1)


def test_weights_that_the_graph_carries_are_those_it_begins_with(small):
    from lab.graph.weights import carry

    graph = letters_gpt(96, places=8, width=8, heads=2)
    graph = carry(graph, small.constants.program.parameters(small.state))
    again = Simulation(text_network(graph), 7)
    np.testing.assert_array_equal(again.state["parameters"], small.state["parameters"])


def test_a_silent_head_changes_what_comes_next_and_the_canvas_shows_every_node(small):
    clean = small.observe("next")
    small.act("choose_head", index=1)
    small.act("silence_head")
    assert "nothing silent %" in small.observe("next")[0] and "nothing silent %" not in clean[0]
    assert small.summary()["next letter moved by silence (%)"] > 0 and small.summary()["head"] == "head 2 of Attention"
    small.act("let_all_speak")
    shown = small.observe("activity")
    assert len(shown["nodes"]) == len(small.model.labels(small.constants, "activity")) == 12
    assert (shown["nodes"][1:, 2] > 0).all() and (shown["nodes"][:, 3] == 1).all()


def test_letters_beyond_those_of_the_text_are_never_written(small):
    small.act("write_letters", count=60)
    assert len(small.state["written"]) == 60 and small.state["written"].max() < len(small.model.alphabet)
    again, more = small.model.write_text(small.constants, small.state, "the ", 12, temperature=5.0)
    assert again == "the " and len(more) == 12


def test_a_template_of_tokens_opens_the_model_that_learns_it_and_one_of_numbers_goes_back(open_window):
    window = open_window("layered-network")
    templates = window.canvas.editor.graph.kinds.templates
    window.canvas.editor.load(templates["Small GPT"].explained(), "Template Small GPT", {})
    assert window.document.model == "text-network" and window.canvas.editor.graph.named("Head")
    window.canvas.editor.load(templates["Letters, LSTM"].explained(), "Template", {})
    assert window.document.model == "text-network" and window.canvas.editor.graph.named("LSTM")
    window.canvas.editor.load(templates["CNN"].explained(), "Template CNN", {"data": "digits"})
    assert window.document.model == "layered-network" and window.document.experiment().build().data == "digits"


def test_what_was_drawn_elsewhere_is_taken_over_by_words(open_window):
    window = open_window("layered-network")
    assert "text-network" not in window.canvas.editor.takers
    window.canvas._changed(letters_lstm(places=8, cells=8).to_json(), "Draw", "", True)
    assert window.document.drafts and window.canvas.editor.takers["text-network"] == "Learn a text with it"
    window.canvas.take_elsewhere("text-network")
    assert window.document.model == "text-network" and window.canvas.editor.graph.named("LSTM")


def test_a_text_can_be_learned_to_be_written_and_that_first_where_a_model_that_writes_is_in_front(tmp_path):
    from lab.data.recognise import look
    from lab.widgets.data_sheet.verbs import Chosen, verbs

    path = tmp_path / "rain.txt"
    path.write_text("It rained all night. The wind came from the sea.\n" * 9, "utf-8")
    found = look(path)
    assert [v.name for v in verbs(found, Chosen(), "word2vec")] == ["text", "writing"]
    first, second = verbs(found, Chosen(), "gpt")
    assert (first.name, second.name) == ("writing", "text") and first.words == "Learn to write"
    model = first.experiment.build()
    assert model.name == "gpt" and model.text == "file" and model.file == str(path)
