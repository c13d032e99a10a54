"""What a shopper is known by: an e-mail address or a telephone number, each in one spelling."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

# Stores and checkout plugins write these where the shopper gave no address. Two shoppers who
# both left the field empty must not become one customer.
PLACEHOLDER_LOCAL_PARTS = frozenset(
    {"guest", "noemail", "no-email", "no_email", "nomail", "no-mail", "none", "noreply", "no-reply"}
)
PLACEHOLDER_DOMAINS = frozenset({"noemail.com", "no-email.com", "nomail.com", "guest.com"})
PLACEHOLDER_TOP_LEVELS = frozenset({"invalid", "localhost"})

# Valid numbers that are typed to get past a required field.
PLACEHOLDER_PHONES = frozenset(
    {"+989111111111", "+989121111111", "+989123456789", "+989000000000", "+989999999999"}
)

_EMAIL = re.compile(r"[^\s@]{1,64}@(?:[^\s@.]+\.)+([^\s@.]{2,63})")
_IRAN = 98
_PERSIAN = str.maketrans("\u064a\u0643", "\u06cc\u06a9")


def normalise_email(text: str | None) -> str | None:
    """The address trimmed, in lower case and NFKC form; None when it identifies nobody.

    Invisible characters, such as the direction marks that come with Persian text, are removed.
    None is given for text that is not an address, and for the placeholders listed above.
    """
    if not text:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cf", "Cc"))
    address = text.strip().lower()
    shape = _EMAIL.fullmatch(address)
    if shape is None or len(address) > 254:
        return None
    local, _, domain = address.partition("@")
    is_placeholder = (
        local in PLACEHOLDER_LOCAL_PARTS
        or domain in PLACEHOLDER_DOMAINS
        or shape.group(1) in PLACEHOLDER_TOP_LEVELS
    )
    return None if is_placeholder else address


@lru_cache(maxsize=8192)
def normalise_phone(text: str | None, region: str) -> str | None:
    """The number in E.164 form, or None when it is no valid number or identifies nobody.

    `region` (two letters) says how a number without a country code is meant. Persian and Arabic
    digits are read. Of Iranian numbers only mobile ones are given: there the mobile number is
    what a person is known by, while a landline is shared by a household or an office.
    """
    if not text or len(text) > 60:
        return None
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    is_mobile = phonenumbers.number_type(number) == PhoneNumberType.MOBILE
    if number.country_code == _IRAN and not is_mobile:
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None if written in PLACEHOLDER_PHONES else written


def postal_address(country: str, place: str, street: str, more: str) -> str | None:
    """Where something is, as one text; None without a street. `place` is a postcode or a city."""
    return f"{country}\n{place}\n{street}\n{more}" if street else None


def comparable_address(text: str) -> str:
    """A postal address as its letters and digits alone, for comparing two.

    Capitals, accents, punctuation, the script of digits, and whether Persian was typed with the
    Arabic yeh and kaf make no difference.
    """
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_PERSIAN)
    signs = (str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in plain)
    return "".join(sign for sign in signs if sign.isalnum())


def phone_in(text: str | None, country: str, region: str) -> str | None:
    """The number as of an address's country, else as of the store's region; else None."""
    own = country.upper()
    if own and own != region.upper():
        return normalise_phone(text, own) or normalise_phone(text, region)
    return normalise_phone(text, region)
