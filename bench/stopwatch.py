"""Time spent in named parts of the product, measured from outside."""

from collections.abc import Callable, Mapping
from time import perf_counter
from types import ModuleType, TracebackType
from typing import Any, Self


class Stopwatch:
    """Measures functions while the block runs.

    `places` names each part and where its function is looked up, as (module or class, name); a
    part's seconds include what it calls.
    """

    def __init__(self, places: Mapping[str, tuple[ModuleType | type, str]]) -> None:
        self._places = places
        self._own = {part: getattr(module, name) for part, (module, name) in places.items()}
        self.seconds = dict.fromkeys(places, 0.0)

    def __enter__(self) -> Self:
        for part, (module, name) in self._places.items():
            setattr(module, name, self._measured(part))
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for part, (module, name) in self._places.items():
            setattr(module, name, self._own[part])

    def _measured(self, part: str) -> Callable[..., Any]:
        function = self._own[part]

        def measured(*arguments: Any, **named: Any) -> Any:
            began = perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds[part] += perf_counter() - began

        return measured
