"""What people look for is found by what they call it."""

from __future__ import annotations

import pytest

from lab import catalog
from lab.search import Subject, alike, rank, words

WANTED = {
    # names, short names and other names
    "hodgkin": "hodgkin-huxley",
    "HH": "hodgkin-huxley",
    "lif": "leaky-integrate-and-fire",
    "integrate and fire": "leaky-integrate-and-fire",
    "adex": "adaptive-exponential",
    "izhikevic": "izhikevich",
    "fhn": "fitzhugh-nagumo",
    "van der pol": "fitzhugh-nagumo",
    "morris": "morris-lecar",
    "snic": "morris-lecar",
    "hebb": "hebbian-learning",
    "oja": "hebbian-learning",
    "stdp": "plasticity",
    "ltp": "plasticity",
    "epsp": "synapse",
    "hopfield": "hopfield",
    "associative memory": "hopfield",
    "0.138": "hopfield-capacity",
    "ising": "hopfield-units",
    "brunel": "spiking-network",
    "excitatory inhibitory populations": "spiking-network",
    "build a network": "spiking-network",
    "empty canvas": "spiking-network",
    "attack a digit": "adversarial-attack",
    "small world": "connectivity",
    "perceptron": "perceptron",
    "xor gate": "boolean-network",
    "mcculloch pitts": "boolean-network",
    "nef": "population-coding",
    "lorenz": "population-dynamics",
    "jeffress": "sound-localisation",
    "barn owl": "sound-localisation",
    "nernst": "membrane-pump",
    "goldman": "membrane-pump",
    "chronaxie": "strength-duration",
    "f-i curve": "tuning-curve",
    "hysteresis": "bistability",
    "patch clamp": "voltage-clamp",
    "cable": "cell-in-space",
    "myelin": "cell-in-space",
    "softmax": "activation-functions",
    "sigmoid": "activation-functions",
    "poisson": "rate-code",
    "dale": "one-sign-per-neuron",
    "mlp": "mlp",
    "digits": "mlp",
    "cnn": "cnn",
    "convolution": "cnn",
    "dropout": "overfitting",
    "overfitting": "overfitting",
    "exploding gradient": "vanishing-gradient",
    "batchnorm": "batch-norm",
    "autoencoder": "autoencoder",
    "vae": "variational-autoencoder",
    "gan": "generative-adversarial-network",
    "lstm": "recurrent-network",
    "rnn": "recurrent-network",
    "gpt": "gpt",
    "transformer": "gpt",
    "attention": "gpt",
    "chatgpt": "gpt",
    "backprop": "gradients",
    "adam": "optimisers",
    "gradient descent": "optimisers",
    "cross entropy": "losses",
    "t-sne": "embedding-map",
    "tsne": "embedding-map",
    "umap": "embedding-map",
    "king man woman": "word2vec",
    "king - man + woman": "word2vec",
    "word vectors": "word2vec",
    # the field's words for what a model shows
    "max pooling": "cnn",
    "image classifier": "cnn",
    "rheobase": "strength-duration",
    "ion channel kinetics": "channel-gates",
    "space clamp": "voltage-clamp",
    "free energy principle": "predictive-coding",
    "phase portrait": "fitzhugh-nagumo",
    "synaptic integration": "synapse",
    "temporal summation": "synapse",
    "q-learning": "grid-world",
    "td learning": "grid-world",
    "epsilon greedy": "bandit",
    "explore or exploit": "bandit",
    "learning rate schedule": "mlp",
    "handwriting recognition": "mlp",
    "supervised spike learning": "tempotron",
    "latent space of a generative model": "variational-autoencoder",
    "deepfake": "generative-adversarial-network",
    "bpe": "gpt",
    "tokenizer": "gpt",
    # what they want to do or to know
    "block sodium": "hodgkin-huxley",
    "how many neurons": "counting",
    "why does the gradient vanish": "vanishing-gradient",
    "fit a cell": "identify-cell",
    "universal approximation": "universal-approximation",
    "central pattern generator": "wired-neurons",
    "balanced excitation": "excitation-inhibition",
    "neuromorphic": "energy-of-a-code",
    # slips of the keyboard
    "hodkgin": "hodgkin-huxley",
    "percpetron": "perceptron",
    "transfomer": "gpt",
}


@pytest.mark.parametrize(("question", "wanted"), WANTED.items(), ids=list(WANTED))
def test_the_first_answer_is_what_was_meant(question, wanted):
    assert [e.name for e in catalog.search(question)][:1] == [wanted]


def test_every_model_is_found_by_its_name_its_title_and_each_of_its_synonyms():
    for entry in catalog.entries():
        assert len(entry.also) >= 4, entry.name
        for called in (entry.name, entry.title):
            assert catalog.search(called)[0] == entry, called
        for called in entry.also:
            assert entry in catalog.search(called)[:3], called


@pytest.mark.parametrize("question", ["qqqq", "zebra crossing", "!!!", "xyzzy"])
def test_what_nobody_speaks_of_is_not_found(question):
    assert catalog.search(question) == []


def test_without_a_question_all_models_are_listed():
    assert catalog.search("  ") == list(catalog.entries())[:60]


def test_names_come_before_synonyms_parameters_and_words_of_the_help():
    subjects = [
        Subject("Four", help="speaks of calcium"),
        Subject("Three", details="calcium conductance"),
        Subject("Two", ("calcium spike",)),
        Subject("Calcium cell"),
    ]
    assert rank("calcium", subjects) == [3, 2, 1, 0]


def test_words_are_alike_with_other_endings_and_one_slip():
    assert alike("inhibit", "inhibition") > alike("spiking", "spikes") > alike("hodkgin", "hodgkin") > 0
    assert alike("cell", "bell") == alike("lif", "life-like") * 0 == 0.0
    assert words("Barabási–Albert, x_2") == ("barabasi", "albert", "x", "2")


def test_the_search_of_the_window_answers_alike_whatever_is_in_front(open_window):
    pytest.importorskip("PySide6")
    from lab.widgets.palette import find

    window = open_window()
    commands = window.commands
    titles = {e.name: e.title for e in catalog.entries()}
    for question, wanted in WANTED.items():
        assert find(question, commands.entries(question))[0].text == titles[wanted], question
    for question, command in {
        "dark mode": "Light or dark",
        "export": "Export everything…",
        "own data": "Bring your data…",
        "csv": "Bring your data…",
        "keyboard": "Keyboard shortcuts",
        "quit": "Close the window",
        "projector": "Projector mode",
        "compare": "Compare the runs",
    }.items():
        assert find(question, commands.entries(question))[0].text == command, question
    for question in ("leak", "rate", "noise"):  # parameters of the model in front
        assert find(question, commands.entries(question))[0].kind == "parameter", question


def test_the_gallery_scrolls_to_what_was_found(qtbot):
    pytest.importorskip("PySide6")
    from lab.widgets.gallery import NAME, Gallery

    gallery = Gallery()
    qtbot.addWidget(gallery)
    gallery.resize(200, 220)
    gallery.show()
    for name in ("synapse", "wired-neurons", "identify-cell"):
        gallery.show_panel("neurons", name)
        item = next(gallery.item(k) for k in range(gallery.count()) if gallery.item(k).data(NAME) == name)
        assert gallery.viewport().rect().contains(gallery.visualItemRect(item).center())


def test_the_first_words_of_a_model_bear_no_marks():
    assert catalog.first_words("One neuron: `y = f(w . x + b)`,\n    taught.\n\nMore `code`.") == "One neuron: y = f(w · x + b), taught."
    assert not [e.name for e in catalog.entries() if "`" in e.about]
