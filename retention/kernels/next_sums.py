"""How many buyers of products bought other ones later, and how many had before, kept in rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells
from retention.compiled import compiled
from retention.kernels.buyers import Bought, Stamps, Window, sum_earlier, sum_later
from retention.kernels.sums import ZERO, Scratch, empty_scratch

Places = tuple[Cells, Cells, Cells]
"""For each product its row (from 0 on among the short ones, from -2 downward among the long ones,
or -1), for each product its column in all rows, or -1, and for each column its product."""

Table = tuple[NDArray[Any], NDArray[Any]]
"""A row for some products: how many of their buyers bought each other product later, and how many
had bought it before."""

NextSums = tuple[Places, Table, Table]
"""Where counts are; those of a byte each, and those of products that more bought."""

NO_ROW = -1


@compiled
def has_row(product: int, sums: NextSums) -> bool:
    """Whether a product's counts are kept."""
    return bool(sums[0][0][product] != NO_ROW)


@compiled
def later_counts(product: int, sums: NextSums, least: int, scratch: Scratch) -> int:
    """Take what so many buyers of a product with a row bought later; how many others these are."""
    (rows, _, products), (short, _), (long, _) = sums
    row = rows[product]
    if row >= 0:
        return int(_often(short[row], products, least, scratch))
    return int(_often(long[-2 - row], products, least, scratch))


@compiled
def earlier_counts(product: int, sums: NextSums, least: int, scratch: Scratch) -> int:
    """Take what so many buyers of a product with a row had bought before; how many these are."""
    (rows, _, products), (_, short), (_, long) = sums
    row = rows[product]
    if row >= 0:
        return int(_often(short[row], products, least, scratch))
    return int(_often(long[-2 - row], products, least, scratch))


@compiled
def _often(row: NDArray[Any], products: Cells, least: int, scratch: Scratch) -> int:
    counts, _, seen = scratch
    # Eight bytes at a time, most of which hold nothing: rows are so long.
    words, each = row.view(np.uint64), 8 // row.itemsize
    mask = _bits_of(least, row.itemsize)
    many = ZERO
    for word in range(len(words)):
        if words[word] & mask:
            first = word * each
            numbers = row[first : first + each]
            for place in range(each):
                # Without branches, which would often be foretold wrongly.
                seen[many] = first + place
                many += numbers[place] >= least
    for place in range(many):
        column = seen[place]
        counts[products[column]] = row[column]
        seen[place] = products[column]
    return many


@compiled
def _bits_of(least: int, size: int) -> np.uint64:
    """Return the bits of which numbers of some bytes, side by side in eight, have one or more if
    one of them is so great at least, and seldom else."""
    power = 1
    while 2 * power <= least:
        power *= 2
    bits = np.uint64(0)
    for place in range(0, 64, 8 * size):
        for bit in range(8 * size):
            if 1 << bit >= power:
                bits |= np.uint64(1) << np.uint64(place + bit)
    return bits


@compiled
def look_up_earlier(product: int, others: Cells, sums: NextSums, counts: Cells) -> None:
    """Write how many buyers of a product with a row had bought some others before.

    Of products that nobody or one customer bought, which have no column, it writes 0.
    """
    (rows, columns, _), (_, short), (_, long) = sums
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
    (rows, columns, _), (short_later, short_earlier), (long_later, long_earlier) = sums
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
    (rows, columns, _), (short_later, short_earlier), (long_later, long_earlier) = sums
    counts, _, seen = scratch
    column = columns[product]
    for other in seen[: sum_later(product, bought, window, scratch, stamps)]:
        row = rows[other]
        if row >= 0:
            short_earlier[row, column] = counts[other]
        elif row != NO_ROW:
            long_earlier[-2 - row, column] = counts[other]
        counts[other] = 0
    for other in seen[: sum_earlier(product, bought, window, scratch, stamps)]:
        row = rows[other]
        if row >= 0:
            short_later[row, column] = counts[other]
        elif row != NO_ROW:
            long_later[-2 - row, column] = counts[other]
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
        for other in seen[: sum_later(products[row], bought, window, scratch, stamps)]:
            if columns[other] >= 0:
                table[0][row, columns[other]] = counts[other]
            counts[other] = 0
        for other in seen[: sum_earlier(products[row], bought, window, scratch, stamps)]:
            if columns[other] >= 0:
                table[1][row, columns[other]] = counts[other]
            counts[other] = 0
