"""What a redemption holds of each lot, and what of it goes back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from retention.ledger.holdings import Holdings, Part

PARTS = st.lists(
    st.integers(min_value=1, max_value=40).flatmap(
        lambda taken: st.tuples(st.just(taken), st.booleans(), st.integers(0, taken))
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50)
@given(PARTS, st.data())
def test_whatever_went_back_before_no_lot_gives_more_than_it_holds(
    parts: list[tuple[int, bool, int]], data: st.DataObject
) -> None:
    held = {str(number): Part(str(number), *part) for number, part in enumerate(parts)}
    points = data.draw(st.integers(0, sum(part.held for part in held.values())))
    shares = dict(Holdings(held).shares(points))
    assert sum(shares.values()) == points
    assert all(0 <= given <= held[lot].held for lot, given in shares.items())
    missing = sum(part.held for part in held.values() if part.is_missing)
    back = sum(given for lot, given in shares.items() if held[lot].is_missing)
    assert back == min(points, missing)


def test_what_nobody_had_goes_back_first_and_who_is_ahead_waits() -> None:
    parts = {"a": Part("a", 30), "b": Part("b", 10, back=9), "c": Part("c", 20, is_missing=True)}
    assert list(Holdings(parts).shares(19)) == [("c", 19)]
    # Shares of 7 are 5 and 2, and of 37 they are 28 and 9.
    assert list(Holdings(parts).shares(25)) == [("c", 20), ("b", 0), ("a", 5)]
    assert list(Holdings(parts).shares(48)) == [("c", 20), ("b", 0), ("a", 28)]
    assert list(Holdings(parts).shares(51)) == [("c", 20), ("b", 1), ("a", 30)]
