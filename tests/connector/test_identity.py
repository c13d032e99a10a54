"""One spelling of e-mail addresses and telephone numbers."""

import pytest

from connector.identity import comparable_address, normalise_email, normalise_phone


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("  Ada@Example.TEST ", "ada@example.test"),
        ("\u200fada@example.test\u200e", "ada@example.test"),
        ("ａｄａ@example.test", "ada@example.test"),
        ("ada+shop@sub.example.co", "ada+shop@sub.example.co"),
        ("سارا@example.test", "سارا@example.test"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    assert normalise_email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "ada",
        "ada@",
        "@example.test",
        "ada@localhost",
        "a da@example.test",
        "ada@@example.test",
        "guest@shop.example",
        "noemail@shop.example",
        "0912@shop.invalid",
        "x@noemail.com",
        f"{'a' * 65}@example.test",
        f"a@{'b.' * 126}example",
    ],
)
def test_what_identifies_nobody_is_no_address(text: str | None) -> None:
    assert normalise_email(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "09121234567",
        "9121234567",
        "989121234567",
        "+989121234567",
        "00989121234567",
        "0912 123 45 67",
        "(0912) 123-4567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "+۹۸ ۹۱۲ ۱۲۳ ۴۵۶۷",
    ],
)
def test_an_iranian_mobile_number_has_one_spelling(text: str) -> None:
    assert normalise_phone(text, "IR") == "+989121234567"


def test_a_number_with_its_country_is_read_anywhere() -> None:
    assert normalise_phone("+1 650 253 0000", "IR") == "+16502530000"
    assert normalise_phone("(650) 253-0000", "us") == "+16502530000"
    assert normalise_phone("+1 650 253 0000", "") == "+16502530000"


@pytest.mark.parametrize(
    "text", [None, "", "x", "021 8877 6655", "0912", "09123456789", "0" * 11, "9" * 61]
)
def test_what_identifies_nobody_is_no_number(text: str | None) -> None:
    assert normalise_phone(text, "IR") is None


@pytest.mark.parametrize(
    "text",
    [
        "IR\n19197\nخیابان ولیعصر، پلاک ۱۲\n",
        "ir 19197 خيابان‌وليعصر پلاك 12",
        "IR،۱۹۱۹۷-خیابان ولیعصر/پلاک۱۲",
    ],
)
def test_an_address_compares_by_its_letters_and_digits(text: str) -> None:
    assert comparable_address(text) == "ir19197خیابانولیعصرپلاک12"


def test_a_landline_counts_outside_iran() -> None:
    assert normalise_phone("030 901820", "DE") == "+4930901820"
