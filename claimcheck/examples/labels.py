"""Label names: ours, and other people's mapped onto them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from claimcheck.span import Label

NONE, CHECK_WORTHY = "none", "claim_check_worthy"
NAMES = (NONE, *(label.value for label in Label), CHECK_WORTHY)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label name stands for; ``label`` is ``None`` for stretches that have no label."""

    label: Label | None
    check_worthy: bool = False


MEANINGS: Mapping[str, Meaning] = {
    NONE: Meaning(None),
    **{label.value: Meaning(label) for label in Label},
    CHECK_WORTHY: Meaning(Label.CLAIM, check_worthy=True),
}


def name_of(label: Label | None, check_worthy: bool) -> str:
    """The one name for a label and its worth, for formats that know names only.

    >>> name_of(Label.CLAIM, True), name_of(None, False)
    ('claim_check_worthy', 'none')
    """
    return NONE if label is None else CHECK_WORTHY if check_worthy else label.value


@dataclass(frozen=True, slots=True)
class Labels:
    """How label names are read: ``mapping`` first, letter for letter, then our own names.

    Our own names are met in any case and with blanks or hyphens ("Call to action"); nothing else is guessed.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, ours in self.mapping.items():
            if ours not in MEANINGS:
                raise ValueError(
                    f"--map {name}={ours}: there is no label {ours!r}; one of {', '.join(NAMES)}"
                )

    @classmethod
    def parse(cls, pairs: Iterable[str]) -> Labels:
        """From the command line: ``NAME=LABEL`` each, the last ``=`` counts.

        >>> Labels.parse(["FACT=claim_check_worthy"]).resolve("FACT")
        Meaning(label=<Label.CLAIM: 'claim'>, check_worthy=True)
        """
        mapping = {}
        for pair in pairs:
            name, equals, ours = pair.rpartition("=")
            if not equals:
                raise ValueError(f"--map {pair!r} has no '='; write --map NAME=LABEL")
            mapping[name] = ours
        return cls(mapping)

    def resolve(self, name: str) -> Meaning | None:
        """What ``name`` stands for, ``None`` where nobody knows."""
        ours = self.mapping.get(name, name.strip().lower().replace(" ", "_").replace("-", "_"))
        return MEANINGS.get(ours)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """The names nobody knows, each once, in the order met."""
        return [name for name in dict.fromkeys(names) if self.resolve(name) is None]


def what_to_map(unknown: Iterable[str]) -> str:
    """The sentence that lists unknown names and what to type.

    >>> what_to_map(["FACT"])
    'unknown labels: FACT. Say what each means, for example: --map FACT=claim (one of none, claim, opinion, \
call_to_action, attribution, claim_check_worthy)'
    """
    names = list(unknown)
    typed = " ".join(f"--map {_quoted(name)}=claim" for name in names)
    return (
        f"unknown labels: {', '.join(names)}. Say what each means, for example: {typed} "
        f"(one of {', '.join(NAMES)})"
    )


def _quoted(name: str) -> str:
    return name if name.replace("_", "").isalnum() else f"'{name}'"
