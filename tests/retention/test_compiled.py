from collections.abc import Callable

import pytest

from retention.compiled import compiled, in_threads


def test_a_function_whose_code_cannot_be_kept_is_compiled_all_the_same() -> None:
    # What has no file of its own has no place for its compiled code either.
    made: dict[str, Callable[[int], int]] = {}
    exec("def twice(number):\n    return 2 * number", made)  # noqa: S102

    with pytest.warns(UserWarning, match="set NUMBA_CACHE_DIR"):
        twice = compiled(made["twice"])

    assert twice(21) == 42


def test_threads_answer_in_the_sequence_of_the_parts() -> None:
    assert in_threads(lambda number: number * number, range(5)) == [0, 1, 4, 9, 16]
    assert in_threads(lambda number: number, []) == []


def test_what_fails_in_a_thread_fails() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda number: 1 // number, [1, 0])
