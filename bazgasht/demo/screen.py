"""What the demo prints: steps with a bar while they run, and a table at the end."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

WIDTH = 28


class Screen:
    """Writes to standard output; bars only where a person watches."""

    def __init__(self) -> None:
        self._watched = sys.stdout.isatty()
        self._text = ""

    def line(self, text: str = "") -> None:
        """Print a line."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """A step that runs inside the block, with the seconds it took."""
        self._text, began = text, time.monotonic()
        if self._watched:
            sys.stdout.write(f"  … {text}")
            sys.stdout.flush()
        try:
            yield
        except BaseException:
            self._clear()
            self.line(f"  ✗ {text}")
            raise
        self._clear()
        self.line(f"  ✓ {text}  ({time.monotonic() - began:.1f} s)")

    def bar(self, done: int, total: int, unit: str) -> None:
        """Show how far the step is."""
        if self._watched and total:
            filled = round(WIDTH * done / total)
            self._clear()
            bar = "█" * filled + "░" * (WIDTH - filled)
            sys.stdout.write(f"  … {self._text}  {bar} {done:,} of {total:,} {unit}")
            sys.stdout.flush()

    def _clear(self) -> None:
        if self._watched:
            sys.stdout.write("\r\x1b[K")

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Print names with their values, aligned."""
        width = max(len(name) for name, _ in rows)
        for name, value in rows:
            self.line(f"  {name:<{width}}  {value}")
