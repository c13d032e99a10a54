"""Print every comparison; end with 1 when one does not hold."""

import sys
from collections.abc import Callable

from bench.published import backtests, cdnow, survival, worked
from bench.published.row import Row
from bench.tables import print_table

SECTIONS: list[tuple[str, Callable[[], list[Row]]]] = [
    ("Rates of the articles", worked.rates),
    ("Retention simulator, month 12", worked.simulator),
    ("Discounts, worked by hand", worked.discount),
    ("Kaplan-Meier", survival.rows),
    ("CDNOW", cdnow.papers),
    ("CDNOW, beside the package lifetimes", cdnow.lifetimes),
    ("CDNOW, what is no churn score", cdnow.no_churn_scores),
    ("Churn, The Complete Journey", backtests.churn),
    ("Lifetime value, The Complete Journey", backtests.lifetime_value),
    ("Next order, mean absolute error, The Complete Journey", backtests.next_order),
    ("Replenishment, mean absolute error, The Complete Journey", backtests.replenishment),
    ("False alarms in shuffled histories, The Complete Journey", backtests.alerts),
]

HEADER = ("", "published or aim", "ours", "difference", "")


def main() -> int:
    """Print the tables and return how the process is to end."""
    off = 0
    for title, rows in SECTIONS:
        found = rows()
        print_table(
            title,
            HEADER,
            [
                (row.name, row.reference, row.ours, row.difference, "holds" if row.holds else "OFF")
                for row in found
            ],
        )
        off += sum(not row.holds for row in found)
    print(f"\n{off} of the comparisons are off." if off else "\nEvery comparison holds.")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
