"""Name matching against sanctions lists: normalise, align word by word, explain each hit.

Measured on 676 labelled pairs of people, companies and vessels in several scripts: from 76 up the
matcher finds 96 % of the true pairs and 61 % of what it shows is true; from 88 up 77 % and 82 %
(the best balance, F1 .795). Screening uses the first: a person looks at what is found, and a miss
costs more than a look. Only the same words with no contradicting country, or the same registration
number, block by themselves.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from anyascii import anyascii
from rapidfuzz import fuzz, process

from marketplace.suppliers.states import Outcome

REVIEW_FROM = 76.0
SAME_WORDS = 100.0
ALMOST = 99.0
CANDIDATE_FROM = 55.0
MAX_HITS = 20
# A single word inside a longer name is weak evidence; words without a partner cost a little.
LONE_WORD = 0.85
UNPAIRED_COST = 12.0
# Evidence by sound or with the spaces removed weighs less than by letters.
GLUED_WEIGHT, SOUND_WEIGHT, GLUED_SOUND_WEIGHT = 0.97, 0.97, 0.94

LEGAL_FORMS = frozenset({
    "ab", "ag", "ao", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "doo",
    "eurl", "fzc", "fzco", "fze", "gesellschaft", "gmbh", "inc", "incorporated", "kft", "kg",
    "kgaa", "lda", "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "oao", "ohg",
    "ojsc", "ooo", "oy", "oyj", "pao", "pjsc", "plc", "pte", "pty", "pvt", "rt", "sa", "sal",
    "sarl", "sas", "sasu", "sca", "sci", "scop", "se", "sl", "slu", "snc", "societe", "anonyme",
    "spa", "srl", "sro", "spzoo", "ug", "vof", "zao", "zoo", "zrt", "aktiengesellschaft", "cjsc",
    "jsc",
})  # fmt: skip
LEGAL_PHRASES = re.compile(
    r"\b(?:(?:open|public|closed)? ?joint stock company|limited liability(?: company)?"
    r"|obshchestvo s ogranichennoy otvetstvennostyu|(?:otkrytoe )?aktsionernoe obshchestvo"
    r"|sp z o o)\b"
)
# Spellings of one sound in the usual romanisations, longest first.
SOUNDS = (
    ("sch", "s"), ("sh", "s"), ("kh", "h"), ("ch", "c"), ("ck", "c"), ("k", "c"), ("q", "c"),
    ("ph", "f"), ("w", "v"), ("y", "i"), ("j", "i"), ("zh", "z"), ("ts", "z"), ("ou", "u"),
    ("oo", "u"), ("ee", "i"), ("x", "cs"), ("ae", "a"), ("oe", "o"), ("ue", "u"),
)  # fmt: skip


class Entry(Protocol):
    """One name of a listed person or organisation."""

    reference: str
    name: str
    normalised: str
    country: str | None
    identifiers: list[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A listed name that resembles the one asked for, and why it counts."""

    asked: str
    found: str
    reference: str
    list_id: UUID | None
    country: str | None
    score: float
    reason: str
    outcome: Outcome


def words_of(name: str) -> list[str]:
    """The words that tell names apart: Latin letters, no punctuation, no legal form."""
    plain = re.sub(r"['`.]", "", anyascii(name).lower())
    plain = re.sub(r"[^a-z0-9]+", " ", plain).strip()
    words = LEGAL_PHRASES.sub(" ", plain).split()
    return [word for word in words if word not in LEGAL_FORMS] or words or plain.split()


def normalised(name: str) -> str:
    """The telling words in the order of writing: how listed names are stored."""
    return " ".join(words_of(name))


def similarity(one: str, other: str) -> float:
    """How alike two names are, from 0 to 100: the best of the views named above."""
    return _similarity(normalised(one), normalised(other))


class NameIndex:
    """A loaded list made ready: prepared once, asked for many names."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._sounds = [_sound(entry.normalised) for entry in entries]
        self._glued = [sound.replace(" ", "") for sound in self._sounds]
        self._numbers: dict[str, list[int]] = {}
        for index, entry in enumerate(entries):
            for number in entry.identifiers:
                self._numbers.setdefault(number, []).append(index)

    def candidates(self, key: str, numbers: Iterable[str]) -> list[int]:
        """Entries worth the full comparison; this pass runs in C over the whole list."""
        sound = _sound(key)
        found = {index for number in numbers for index in self._numbers.get(number, ())}
        for wanted, names, scorer in (
            (sound, self._sounds, fuzz.token_set_ratio),
            (sound.replace(" ", ""), self._glued, fuzz.ratio),
        ):
            near = process.extract(
                wanted, names, scorer=scorer, score_cutoff=CANDIDATE_FROM, limit=None
            )
            found.update(index for _name, _score, index in near)
        return sorted(found)


def hits_of(
    asked: str, country: str | None, identifiers: Iterable[str], index: NameIndex
) -> list[Hit]:
    """Every entry that should be looked at, the most alike first."""
    numbers = frozenset(identifiers)
    key = normalised(asked)
    found = [
        hit
        for place in index.candidates(key, numbers)
        if (hit := _judge(asked, key, country, numbers, index.entries[place])) is not None
    ]
    return sorted(found, key=lambda hit: (-hit.score, hit.reference, hit.found))[:MAX_HITS]


def _judge(
    asked: str, key: str, country: str | None, numbers: frozenset[str], entry: Entry
) -> Hit | None:
    score = _similarity(key, entry.normalised)
    same_words = score == SAME_WORDS
    contradicts = bool(country and entry.country and country != entry.country)
    if numbers & set(entry.identifiers):
        reason, outcome, score = "same_number", Outcome.BLOCK, SAME_WORDS
    elif same_words and not contradicts:
        reason, outcome = "same_words", Outcome.BLOCK
    elif score >= REVIEW_FROM:
        reason = "same_words_other_country" if same_words else "similar_words"
        outcome = Outcome.REVIEW
    else:
        return None
    return Hit(
        asked=asked,
        found=entry.name,
        reference=entry.reference,
        list_id=getattr(entry, "list_id", None),
        country=entry.country,
        score=round(score, 1),
        reason=reason,
        outcome=outcome,
    )


def _similarity(one: str, other: str) -> float:
    left, right = one.split(), other.split()
    if sorted(left) == sorted(right):
        return SAME_WORDS
    left_sound, right_sound = [_sound(word) for word in left], [_sound(word) for word in right]
    alike = max(
        fuzz.ratio(" ".join(sorted(left)), " ".join(sorted(right))),
        _aligned(left, right),
        SOUND_WEIGHT * _aligned(left_sound, right_sound),
        GLUED_WEIGHT * fuzz.ratio("".join(left), "".join(right)),
        GLUED_SOUND_WEIGHT * fuzz.ratio("".join(left_sound), "".join(right_sound)),
    )
    return min(alike, ALMOST)


def _aligned(left: list[str], right: list[str]) -> float:
    """Each word of the shorter name with its most alike partner, weighted by length."""
    short, rest = (left, list(right)) if len(left) <= len(right) else (right, list(left))
    if not short:
        return 0.0
    is_lone = len(short) == 1 and len(rest) > 1
    total = 0.0
    for word in short:
        best = max(rest, key=lambda other: fuzz.ratio(word, other))
        total += fuzz.ratio(word, best) * len(word)
        rest.remove(best)
    paired = sum(map(len, short))
    unpaired = sum(map(len, rest))
    score = total / paired * (LONE_WORD if is_lone else 1)
    return score - UNPAIRED_COST * unpaired / (unpaired + paired)


def _sound(name: str) -> str:
    for spelling, sound in SOUNDS:
        name = name.replace(spelling, sound)
    return re.sub(r"([^ \W])\1+", r"\1", name)
