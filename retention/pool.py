"""Many lists of numbers that grow and shrink, in one array that compiled code can read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retention.arrays import Cells, Integers
from retention.kernels import pools
from retention.kernels.pools import Held

SPARE = 1.25
"""How much longer than needed an array is made that has become too short."""


def longer(numbers: NDArray[Any], length: int) -> NDArray[Any]:
    """Return the array with zeros behind, for so many numbers at least and some to come."""
    return np.concatenate(
        [numbers, np.zeros(int(length * SPARE) - len(numbers) + 1, dtype=numbers.dtype)]
    )


class Pool:
    """Lists in one array: list k is `cells[begins[k] : begins[k] + sizes[k]]`."""

    def __init__(self, starts: Integers, cells: Cells) -> None:
        self.begins, self.sizes = starts[:-1].astype(np.int32), np.diff(starts).astype(np.int32)
        self._rooms = self.sizes.copy()
        self.cells = cells
        self._end = len(cells)

    @property
    def held(self) -> Held:
        """All lists, as compiled code takes them."""
        return self.begins, self.sizes, self.cells

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        return sum(array.nbytes for array in (self.begins, self.sizes, self._rooms, self.cells))

    def get(self, place: int) -> Cells:
        """One list."""
        begin = self.begins[place]
        return self.cells[begin : begin + self.sizes[place]]

    def lengthen(self, count: int) -> None:
        """Let there be so many lists at least; new ones are empty."""
        if count > len(self.begins):
            self.begins, self.sizes, self._rooms = (
                longer(known, count) for known in (self.begins, self.sizes, self._rooms)
            )

    def put(self, place: int, values: Cells) -> None:
        """Replace a list; one beyond the last is added."""
        self.lengthen(place + 1)
        if len(values) > self._rooms[place]:
            self._move(place, 2 * len(values))
        self.sizes[place] = len(values)
        self.get(place)[:] = values

    def add(self, places: Cells, value: int) -> None:
        """Add a number to some lists."""
        for place in places[self.sizes[places] == self._rooms[places]]:
            self._move(place, 2 * self.sizes[place] + 2)
        self.cells[self.begins[places] + self.sizes[places]] = value
        self.sizes[places] += 1

    def remove(self, places: Cells, value: int) -> None:
        """Take a number out of lists that have it once; the last one takes its place."""
        pools.remove(*self.held, places, value)

    def join(self, places: Cells) -> Cells:
        """Return some lists, one behind the other."""
        return pools.join(*self.held, places)

    def _move(self, place: int, room: int) -> None:
        if self._end + room > len(self.cells):
            self._pack(room)
        self.cells[self._end : self._end + self.sizes[place]] = self.get(place)
        self.begins[place], self._rooms[place] = self._end, room
        self._end += room

    def _pack(self, room: int) -> None:
        """Close the gaps that lists which moved have left, and make more room if that is little."""
        starts = np.concatenate([[0], np.cumsum(self._rooms, dtype=np.int64)])
        cells = np.empty(int(starts[-1] * SPARE) + room, dtype=np.int32)
        pools.pack(self.begins, self.sizes, self.cells, starts, cells)
        self.begins, self.cells, self._end = starts[:-1].astype(np.int32), cells, int(starts[-1])
