"""Second categories predicted on The Complete Journey, at the level of categories and departments.

Every model's share of hits, first-named and of three, ours minus theirs, and the reliability of
our probabilities. The settings are those of `retention.evaluation.second_category_settings`.
"""

import polars as pl

from bench.quality.journey import Level, products
from bench.tables import print_table
from retention.evaluation.bootstrap import Estimate
from retention.evaluation.second_category import Score, Stated, second_category
from retention.prediction.evidence import NotEnoughData

LEVELS: tuple[Level, ...] = ("product_category", "department")
HEADER = (
    "",
    *("top-1", "95 %", "top-3", "95 %"),
    *("ours better by", "95 %", "in three by", "95 %"),
    "customers",
)


def measure(lines: pl.DataFrame) -> None:
    """Print the evaluation at each level."""
    for level in LEVELS:
        title = f"c. Second category, by {level.removeprefix('product_')}"
        try:
            found = second_category(lines, products(level))
        except NotEnoughData as error:
            print(f"\n{title}: {error}")
            continue
        print_table(title, HEADER, [_row(score) for score in found.scores])
        for setting in found.named:
            _print_reliability(setting, found.named_first[setting])
            print(f"{setting}, all three named: {_error(found.named[setting])}")


def _row(score: Score) -> tuple[str, ...]:
    shares = (score.top_1, score.top_3, score.gain_1, score.gain_3)
    return (
        f"{score.setting}, {score.model}",
        *(text for share in shares for text in (f"{share.value:.3f}", _interval(share))),
        f"{score.top_1.customers:,}",
    )


def _interval(of: Estimate) -> str:
    return f"{of.low:.3f} – {of.high:.3f}"


def _error(of: Stated) -> str:
    if isinstance(of, NotEnoughData):
        return f"nothing is stated: {of}"
    return f"expected calibration error {of.error:.3f}; were all of it right, {of.by_chance:.3f}"


def _print_reliability(setting: str, of: Stated) -> None:
    if isinstance(of, NotEnoughData):
        print(f"\n{setting}, the category named first: {_error(of)}")
        return
    rows = [
        (f"{row['count']:,}", f"{row['predicted']:.3f}", f"{row['actual']:.3f}")
        for row in of.table.iter_rows(named=True)
    ]
    print_table(f"{setting}, the category named first", ("customers", "stated", "came"), rows)
    print(_error(of))
