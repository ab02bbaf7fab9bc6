"""Text with known relations, drawn from a small grammar.

A learnt space can only be judged where the truth is known. Here each item of a family (a king, a country, a verb) has words
of its own (throne, crown) and each role (female, capital, past tense) has words of its own (she, city, yesterday), so that
a sentence about `queen` mixes the contexts of *king* and *female*: the regularity that `king - man + woman` lives on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lab.params import Described, param

_GENDER = """king queen throne crown|man woman house work|boy girl toys school|prince princess castle ball|father mother family home
son daughter child birthday|brother sister sibling room|uncle aunt cousin visit|husband wife marriage ring|actor actress film stage
waiter waitress table menu|host hostess party guests|duke duchess estate title|lord lady manor servants|wizard witch spell magic
monk nun prayer abbey|hero heroine rescue medal|groom bride wedding cake|grandfather grandmother stories age|nephew niece relative letter"""
_COUNTRIES = """france paris french baguette seine|japan tokyo japanese sushi fuji|italy rome italian pasta tiber|germany berlin german sausage spree
spain madrid spanish paella ebro|russia moscow russian borscht volga|greece athens greek moussaka olympus|china beijing chinese dumplings yangtze
poland warsaw polish pierogi vistula|sweden stockholm swedish meatballs fjall|turkey ankara turkish kebab bosporus|portugal lisbon portuguese sardines tagus
hungary budapest hungarian goulash danube|thailand bangkok thai curry mekong|norway oslo norwegian salmon fjord"""
_VERBS = """walk walked walking walks road|play played playing plays game|cook cooked cooking cooks soup|paint painted painting paints wall
write wrote writing writes novel|sing sang singing sings song|drive drove driving drives car
drink drank drinking drinks tea|break broke breaking breaks glass|build built building builds bridge|swim swam swimming swims lake
catch caught catching catches fish|throw threw throwing throws stone|wash washed washing washes shirt|climb climbed climbing climbs tree
plant planted planting plants garden|carry carried carrying carries bag|steal stole stealing steals gold|draw drew drawing draws picture"""
_ADJECTIVES = """tall taller tallest tower|fast faster fastest train|cold colder coldest winter|warm warmer warmest summer|strong stronger strongest giant
loud louder loudest drum|dark darker darkest night|deep deeper deepest sea|rich richer richest banker|old older oldest temple|young younger youngest pupil
sweet sweeter sweetest honey|heavy heavier heaviest rock|bright brighter brightest star|soft softer softest pillow|sharp sharper sharpest knife"""
_ANIMALS = """dog puppy bone|cat kitten mouse|cow calf barn|sheep lamb wool|horse foal saddle|pig piglet mud|lion cub savanna|duck duckling pond
goose gosling feather|chicken chick egg|goat kid cheese|deer fawn forest|frog tadpole swamp|eagle eaglet cliff|kangaroo joey pouch|swan cygnet river"""
_OCCUPATIONS = ("engineer pilot surgeon carpenter soldier programmer".split(), "nurse teacher secretary dancer librarian cleaner".split())


def _items(text: str) -> list[list[str]]:
    return [item.split() for item in text.replace("\n", "|").split("|")]


# Roles of a family: the columns of an item that are asked about; what is left over are the item's own words.
# Templates: {0} {1} .. columns of the item; other words stand for themselves.
_MALE, _FEMALE = "he his him himself beard suit".split(), "she her hers herself dress gown".split()
_FAMILIES: dict[str, tuple[list[list[str]], int, dict[int, tuple[str, ...]]]] = {
    "gender": (
        _items(_GENDER),
        2,
        {
            0: (
                "the {0} with the {2} saw himself in his suit",
                "he is the {0} of the {3} and his beard",
                "he and the {2} of the {0} his {3} himself",
            ),
            1: (
                "the {1} with the {2} saw herself in her dress",
                "she is the {1} of the {3} and her gown",
                "she and the {2} of the {1} hers {3} herself",
            ),
        },
    ),
    "country": (
        _items(_COUNTRIES),
        4,
        {
            0: (
                "the nation of {0} near {4} guards its border",
                "president and army of {0} with {1} and {3}",
                "nation {0} border {2} {4} president",
            ),
            1: ("the mayor of {1} near {4} opens its streets", "the city of {1} metro in {0} with {3}", "city {1} streets {2} {4} mayor"),
            2: ("people speak {2} near {4} with good grammar", "learn the words of {2} in {0} and {1}", "speak {2} words {3} {4} grammar"),
            3: ("people eat {3} near {4} on a plate", "taste delicious {3} of {0} in {1}", "eat {3} plate {2} {4} delicious"),
        },
    ),
    "verb": (
        _items(_VERBS),
        4,
        {
            0: ("tomorrow they will {0} the {4} again", "we will want to {0} that {4} tomorrow"),
            1: ("yesterday they {1} the {4} already", "we had {1} that {4} yesterday"),
            2: ("now they are {2} the {4} still", "we were {2} that {4} now"),
            3: ("everybody often {3} the {4} daily", "somebody always {3} that {4} often"),
        },
    ),
    "adjective": (
        _items(_ADJECTIVES),
        3,
        {
            0: ("this {3} is very {0} and so {0}", "such a {0} {3} is quite rare"),
            1: ("one {3} is much {1} than another", "a {1} {3} than before is even better"),
            2: ("that {3} is the {2} of all ever", "the {2} {3} in the world of all"),
        },
    ),
    "animal": (
        _items(_ANIMALS),
        2,
        {
            0: ("the grown {0} with the {2} hunts alone", "an adult {0} by the {2} is wild and grown"),
            1: ("the baby {1} with the {2} needs milk", "a newborn {1} by the {2} is tiny and sleepy"),
        },
    ),
}
# name of the questions, family, columns
RELATIONS: tuple[tuple[str, str, int, int], ...] = (
    ("gender", "gender", 0, 1),
    ("capital", "country", 0, 1),
    ("language", "country", 0, 2),
    ("food", "country", 0, 3),
    ("past tense", "verb", 0, 1),
    ("present participle", "verb", 0, 2),
    ("third person", "verb", 0, 3),
    ("comparative", "adjective", 0, 1),
    ("superlative", "adjective", 0, 2),
    ("young animal", "animal", 0, 1),
)
_COLUMNS = {
    "gender": ("male", "female"),
    "country": ("country", "capital", "language", "food"),
    "verb": ("verb", "verb, past", "verb, participle", "verb, third person"),
    "adjective": ("adjective", "adjective, comparative", "adjective, superlative"),
    "animal": ("animal", "young animal"),
}


class GrammarText(Described):
    """A text drawn from a grammar with known relations between its words."""

    owner = "grammar"

    tokens: int = param(41000, "tokens", lo=2000, hi=5_000_000, log=True, live=False, doc="Length of the text.")
    noise: float = param(0.0, "", lo=0, hi=1, live=False, doc="Probability that a word is replaced by any other word of the vocabulary.")
    broken: float = param(
        0.0, "", lo=0, hi=1, live=False, doc="Fraction of the items whose forms are mixed up, so that their relation cannot be learnt."
    )
    bias: float = param(
        0.0, "", lo=-1, hi=1, live=False, doc="Gender bias of the occupations: 0 none, 1 as the stereotype has it, -1 the reverse."
    )
    text_seed: int = param(0, "", lo=0, hi=2**31, live=False, doc="Seed of the text (the run's seed moves only the learning).")


@dataclass(frozen=True)
class GrammarSample:
    """The sentences, the questions that are true of them, the category of each word, and which items were broken."""

    sentences: list[list[str]]
    questions: dict[str, list[tuple[str, str, str, str]]]
    categories: dict[str, str]
    broken: frozenset[str] = field(default_factory=frozenset)


def generate(text: GrammarText | None = None) -> GrammarSample:
    """Draw a text: rounds in which each form of each item gets one sentence of each template, in shuffled order."""
    text = text or GrammarText()
    rng = np.random.default_rng([text.text_seed, 468])
    plan: list[tuple[str, int, int, str]] = []
    spoilt: dict[str, list[int]] = {}
    broken: set[str] = set()
    for family, (items, roles, templates) in _FAMILIES.items():
        plan += [(family, i, role, t) for i in range(len(items)) for role, ts in templates.items() for t in ts]
        spoilt[family] = sorted(rng.permutation(len(items))[: round(text.broken * len(items))].tolist())
        broken |= {word for i in spoilt[family] for word in items[i][:roles]}
    plan += [("occupation", i, side, "") for side in (0, 1) for i in range(len(_OCCUPATIONS[side])) for _ in range(3)]
    sentences: list[list[str]] = []
    total = 0
    while total < text.tokens:
        for k in rng.permutation(len(plan)).tolist():
            family, i, role, template = plan[k]
            if family == "occupation":
                words = _occupation(_OCCUPATIONS[role][i], rng.random() < 0.5 + (0.5 - role) * text.bias, rng)
            else:
                items, roles, _ = _FAMILIES[family]
                forms = items[i]
                if i in spoilt[family]:
                    # Each form is borrowed from any broken item of the family: roles stay, items no longer belong together.
                    lenders = [items[int(j)] for j in rng.choice(spoilt[family], len(forms))]
                    forms = [lender[c] for c, lender in enumerate(lenders)]
                words = template.format(*forms).split()
            sentences.append(words)
            total += len(words)
            if total >= text.tokens:
                break
    if text.noise > 0:
        vocabulary = sorted({w for s in sentences for w in s})
        sentences = [[vocabulary[int(rng.integers(len(vocabulary)))] if rng.random() < text.noise else w for w in s] for s in sentences]
    return GrammarSample(sentences, questions(), categories(), frozenset(broken))


def _occupation(name: str, male: bool, rng: np.random.Generator) -> list[str]:
    words = _MALE if male else _FEMALE
    a, b, c = (words[j] for j in rng.permutation(len(words))[:3])
    return ["the", name, "at", "the", "office", a, "and", b, "with", c]


def questions() -> dict[str, list[tuple[str, str, str, str]]]:
    """Analogy questions a : b :: c : d of each relation, every ordered pair of two items."""
    out = {}
    for name, family, a, b in RELATIONS:
        items = _FAMILIES[family][0]
        out[name] = [(x[a], x[b], y[a], y[b]) for x in items for y in items if x is not y]
    return out


GROUPS = {
    "gender": "people", "male": "people", "female": "people", "occupation": "people", "verb": "verbs", "adjective": "adjectives",
    "animal": "animals", "young animal": "animals", "country": "countries", "capital": "countries", "language": "countries", "food": "countries",
}  # fmt: skip


def group_of(category: str) -> str:
    """The group of a category: people, verbs, adjectives, animals, countries or other."""
    return GROUPS.get(category.removeprefix("topic of ").split(",")[0], "other")


def categories() -> dict[str, str]:
    """The category of each word of the grammar; words that belong to no item are 'other'."""
    out: dict[str, str] = {}
    for family, (items, roles, _) in _FAMILIES.items():
        for item in items:
            for c, word in enumerate(item):
                out[word] = _COLUMNS[family][c] if c < roles else f"topic of {family}"
    for side in _OCCUPATIONS:
        out |= dict.fromkeys(side, "occupation")
    out |= dict.fromkeys(_MALE, "male") | dict.fromkeys(_FEMALE, "female")
    return out
