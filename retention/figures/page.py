"""The page that explains every figure, in English and Persian, made from the catalogue."""

from collections.abc import Iterator
from typing import Any

from retention.figures.catalogue import catalogue

_INTRODUCTION = """# Figures

Every figure names its definition, period and sample size and, where it is an estimate, a 95 %
interval; where the data are too few it says "not enough data (have n, need m)". Periods are in
the store's time zone. Revenue is net of refunds, without tax and shipping, in one currency.

هر رقم تعریف، دوره و اندازه نمونه خود را می‌گوید و اگر برآورد باشد بازه ۹۵٪ آن را؛ اگر داده کم باشد
می‌گوید «داده کافی نیست». دوره‌ها به وقت فروشگاه است. درآمد پس از کسر برگشتی‌ها، بدون مالیات و هزینه
ارسال و به یک واحد پول است.
"""


def page() -> str:
    """Return `docs/figures.md`: figures, breakdowns, predictions and the rest, in Markdown."""
    known = catalogue()
    return "\n".join(
        [
            _INTRODUCTION,
            "## Figures · ارقام\n",
            *_entries(known["figures"]),
            "## Breakdowns · تفکیک‌ها\n",
            *_entries(known["breakdowns"]),
            "## Predictions · پیش‌بینی‌ها\n",
            *_entries(known["predictions"]),
            "## Tables of predictions · جدول‌های پیش‌بینی\n",
            *_entries(known["prediction_tables"]),
            "## Readings of the simulator · خوانش‌های شبیه‌ساز\n",
            *_texts(known["readings"]),
            "",
            "## Stages of a store · مرحله‌های فروشگاه\n",
            *_texts(known["stages"], known["stage_advice"]),
            "",
            "## Plans of the product matrix · برنامه‌های ماتریس محصول\n",
            *_texts(known["plans"]),
            "",
        ]
    )


def _entries(entries: dict[str, Any]) -> Iterator[str]:
    for name, entry in entries.items():
        label, definition = entry["label"], entry["definition"]
        yield f"### {label['en']} · {label['fa']}\n"
        yield f"`{name}`\n"
        yield f"{definition['en']}\n"
        yield f"{definition['fa']}\n"


def _texts(
    texts: dict[str, dict[str, str]], advice: dict[str, dict[str, str]] | None = None
) -> Iterator[str]:
    for name, words in texts.items():
        more = {} if advice is None else advice[name]
        english, persian = ([words[key], more.get(key, "")] for key in ("en", "fa"))
        yield f"- `{name}`: {': '.join(filter(None, english))}"
        yield f"  {': '.join(filter(None, persian))}"
