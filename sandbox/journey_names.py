"""Names for what The Complete Journey knows only by codes and capital letters."""

import re

_FIRST_NAMES = (
    "Ada Aline Amir Anna Arash Astrid Ben Carla Chen Clara Daniel Darya Diego Elena Elif Emil "
    "Farid Fatima Felix Grace Hana Henry Ines Ivan Jasmin Jonas Julia Kaveh Kenji Laila Leo "
    "Lina Lucas Maya Mehdi Mila Mina Nadia Nils Nora Omid Oscar Parisa Paul Priya Rosa Samir "
    "Sara Shirin Simon Sofia Tariq Theo Tomas Vera Viktor Wanda Yara Yusuf Zahra Zoe Roya Hugo "
    "Iris"
)
_LAST_NAMES = (
    "Abbott Ahmadi Alvarez Andersen Bauer Bennett Brandt Carter Castillo Cohen Costa Dahl "
    "Duarte Ebadi Evans Fischer Fontaine Garcia Greene Haddad Hansen Hartmann Hayes Hosseini "
    "Ito Jansen Jensen Kaplan Karimi Keller Khan Kim Kovacs Larsen Lehmann Lopez Marino Mercer "
    "Moradi Moreau Nakamura Nguyen Novak Olsen Okafor Patel Perez Petrov Quinn Rahimi Reyes "
    "Rossi Sadeghi Sato Schmidt Silva Singh Sorensen Tanaka Torres Vogel Walker Weber Young"
)
FIRST_NAMES = tuple(_FIRST_NAMES.split())
LAST_NAMES = tuple(_LAST_NAMES.split())
WORD = re.compile(r"[A-Za-z][A-Za-z']*")


def person_name(household: int) -> tuple[str, str]:
    """A made-up first and last name that a household always has."""
    # Odd multipliers spread neighbouring numbers over both lists.
    mixed = household * 2_654_435_761 % 2**32
    return FIRST_NAMES[mixed % len(FIRST_NAMES)], LAST_NAMES[mixed // 64 % len(LAST_NAMES)]


def _spelled(text: str) -> str:
    spaced = re.sub(r"\s*([:/,])\s*", lambda m: f"{m[1]} " if m[1] != "/" else " / ", text)
    tidy = re.sub(r"\s+", " ", spaced).strip(" -:/,")
    return WORD.sub(lambda word: word[0].capitalize(), tidy)


def product_name(kind: str) -> str:
    """ "BREAD:ITALIAN/FRENCH" as "Bread: Italian / French"."""
    return _spelled(kind) or "Sundries"


def category_name(category: str) -> str:
    """ "FRZN ICE" as "Frzn Ice"."""
    return _spelled(category) or "Other"


def slug(name: str, taken: set[str]) -> str:
    """An address for a name; it is added to those taken."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "item"
    found, number = base, 2
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    taken.add(found)
    return found
