import pytest

from database.models import Recommendation
from database.results import sentence


@pytest.mark.parametrize(
    ("base_rate", "told"),
    [(0.214, "21%"), (0.005, "under 1%"), (0.0051, "1%"), (0.0049, "under 1%")],
)
def test_a_reason_never_says_that_nobody_does(base_rate: float, told: str) -> None:
    row = Recommendation(reason_kind="together", count=48, base=172, base_rate=base_rate)
    assert sentence(row, "Tea") == f"48 of 172 orders with it had Tea; {told} of all do"
