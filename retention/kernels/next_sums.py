"""How many buyers of products bought other ones later, and how many had before, kept in rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Floats
from retention.compiled import compiled
from retention.kernels.buyers import Bought, Stamps, Window, sum_earlier, sum_later
from retention.kernels.lists import Lists, end_list
from retention.kernels.ranking import Kept, Measure, least_weight, put_best
from retention.kernels.sums import ZERO, Scratch, empty_scratch

Places = tuple[Cells, Cells, Cells, int]
"""For each product its row (from 0 on among the short ones, from -2 downward among the long ones,
or -1), for each product its column in all rows, or -1, for each column its product, and how many
of the first columns are those of the first products."""

Table = tuple[NDArray[Any], NDArray[Any]]
"""A row for some products: how many of their buyers bought each other product later, and how many
had bought it before."""

NextSums = tuple[Places, Table, Table]
"""Where counts are; those of a byte each, and those of products that more bought."""

NO_ROW = -1

AT_ONCE = 64
"""So many columns are looked at together."""


@compiled
def has_row(product: int, sums: NextSums) -> bool:
    """Whether a product's counts are kept."""
    return bool(sums[0][0][product] != NO_ROW)


@compiled
def list_later(
    product: int, sums: NextSums, measure: Measure, limits: tuple[int, int, int], lists: Lists
) -> None:
    """Make the list of a product with a row anew, of what its buyers bought later."""
    places, (short, _), (long, _) = sums
    row = places[0][product]
    if row >= 0:
        end = _best(product, short[row], places, measure, limits, lists[1])
    else:
        end = _best(product, long[-2 - row], places, measure, limits, lists[1])
    end_list(product, end, measure, limits, lists)


@compiled
def _best(
    product: int,
    row: NDArray[Any],
    places: Places,
    measure: Measure,
    limits: tuple[int, int, int],
    kept: Kept,
) -> int:
    (_, _, products, known), powers, scores = places, measure[1], kept[2]
    begin = product * limits[1]
    end, need, column = begin, -1.0, 0
    while column < len(row):
        column = _next(row, powers, column, known, (limits[0], need))
        for place in range(column, min(column + AT_ONCE, len(row))):
            other, count = products[place], row[place]
            if (count >= limits[0]) & (count >= powers[other] * need):
                pair = (other, count, 1.0 * count)
                end = put_best(pair, product, measure, limits[1], kept, (begin, end))
                if end == begin + limits[1]:
                    need = least_weight(scores[end - 1], measure[0][product])
        column += AT_ONCE
    return end


@compiled
def earlier_counts(
    product: int, sums: NextSums, needs: Floats, enough: tuple[int, float], scratch: Scratch
) -> int:
    """Take what enough buyers of a product with a row had bought before; how many these are.

    Enough are so many at least, and so many times what is needed of each of the others.
    """
    places, (_, short), (_, long) = sums
    row = places[0][product]
    if row >= 0:
        return int(_passing(short[row], places, needs, enough, scratch))
    return int(_passing(long[-2 - row], places, needs, enough, scratch))


@compiled
def _passing(
    row: NDArray[Any], places: Places, needs: Floats, enough: tuple[int, float], scratch: Scratch
) -> int:
    (_, _, products, known), (counts, _, seen) = places, scratch
    many, column = ZERO, 0
    while column < len(row):
        column = _next(row, needs, column, known, enough)
        for place in range(column, min(column + AT_ONCE, len(row))):
            other, count = products[place], row[place]
            if (count >= enough[0]) & (count >= needs[other] * enough[1]):
                counts[other], seen[many] = count, other
                many += 1
        column += AT_ONCE
    return many


@compiled
def _next(
    row: NDArray[Any], bars: Floats, first: int, known: int, enough: tuple[int, float]
) -> int:
    """Return from which column on, beginning with the first, some may be great enough.

    Of so many known columns, those are passed over that are so little, or less than so many times
    the bar of the product in their place.
    """
    least, times = enough
    for begin in range(first, known - AT_ONCE + 1, AT_ONCE):
        numbers, others = row[begin : begin + AT_ONCE], bars[begin : begin + AT_ONCE]
        passing = 0
        # A loop without branches, so that the processor looks at several numbers at a time.
        for place in range(AT_ONCE):
            passing += (numbers[place] >= least) & (numbers[place] >= others[place] * times)
        if passing:
            return begin
    return max(first, known // AT_ONCE * AT_ONCE)


@compiled
def look_up_earlier(product: int, others: Cells, sums: NextSums, counts: Cells) -> None:
    """Write how many buyers of a product with a row had bought some others before.

    Of products that nobody or one customer bought, which have no column, it writes 0.
    """
    (rows, columns, _, _), (_, short), (_, long) = sums
    row = rows[product]
    for other in others:
        column = columns[other]
        if column < 0:
            counts[other] = 0
        elif row >= 0:
            counts[other] = short[row, column]
        else:
            counts[other] = long[-2 - row, column]


@compiled
def change_counts(
    product: int, others: Cells, differences: Cells, before: bool, sums: NextSums
) -> None:
    """Note that so many more customers than until now bought others before a product, or later."""
    # Arrays are taken out of their tuples once: doing so costs more than what is done with them.
    (rows, columns, _, _), (short_later, short_earlier), (long_later, long_earlier) = sums
    if before:
        own_short, own_long, short, long = short_earlier, long_earlier, short_later, long_later
    else:
        own_short, own_long, short, long = short_later, long_later, short_earlier, long_earlier
    own, column = rows[product], columns[product]
    for place in range(len(others)):
        other, difference = others[place], differences[place]
        row, others_column = rows[other], columns[other]
        if own >= 0 and others_column >= 0:
            own_short[own, others_column] += difference
        elif own != NO_ROW and others_column >= 0:
            own_long[-2 - own, others_column] += difference
        if row >= 0 and column >= 0:
            short[row, column] += difference
        elif row != NO_ROW and column >= 0:
            long[-2 - row, column] += difference


@compiled
def fill_column(
    product: int, sums: NextSums, bought: Bought, window: Window, scratch: Scratch, stamps: Stamps
) -> None:
    """Write the counts of a product, whose column is new, in the rows of all others."""
    (rows, columns, _, _), (short_later, short_earlier), (long_later, long_earlier) = sums
    place = (rows, columns[product])
    many = sum_later(product, bought, window, scratch, stamps)
    _write_column(many, place, short_earlier, long_earlier, scratch)
    many = sum_earlier(product, bought, window, scratch, stamps)
    _write_column(many, place, short_later, long_later, scratch)


@compiled
def _write_column(
    many: int,
    place: tuple[Cells, int],
    short: NDArray[Any],
    long: NDArray[Any],
    scratch: Scratch,
) -> None:
    """Write the counts of so many products seen, which are 0 again thereafter, in a column."""
    (rows, column), (counts, _, seen) = place, scratch
    for other in seen[:many]:
        row = rows[other]
        if row >= 0:
            short[row, column] = counts[other]
        elif row != NO_ROW:
            long[-2 - row, column] = counts[other]
        counts[other] = 0


@compiled
def sum_up_next(
    products: Cells,
    part: tuple[int, int],
    bought: Bought,
    window: Window,
    columns: Cells,
    table: Table,
) -> None:
    """Write the counts of all pairs of a part of some products, whose rows are in sequence."""
    counts, _, seen = empty_scratch(len(columns))
    scratch = (counts, counts, seen)
    stamped, holds = np.zeros(len(counts), np.int64), np.zeros(len(bought[5]), np.int64)
    stamps = (stamped, holds, np.zeros(1, np.int64), np.empty_like(seen))
    for row in range(part[0], part[1]):
        many = sum_later(products[row], bought, window, scratch, stamps)
        _write_row(many, columns, table[0][row], scratch)
        many = sum_earlier(products[row], bought, window, scratch, stamps)
        _write_row(many, columns, table[1][row], scratch)


@compiled
def _write_row(many: int, columns: Cells, row: NDArray[Any], scratch: Scratch) -> None:
    """Write the counts of so many products seen, which are 0 again thereafter, in a row."""
    counts, _, seen = scratch
    for other in seen[:many]:
        if columns[other] >= 0:
            row[columns[other]] = counts[other]
        counts[other] = 0
