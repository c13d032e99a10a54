import numpy as np

from retention.ease import ease


def test_a_weight_is_what_having_the_row_tells_of_the_column() -> None:
    # With the penalty 2 1 / 1 4, whose inverse is 4 -1 / -1 2 over 7; columns over -4 and -2.
    weights = ease(np.array([[1.0, 1.0], [1.0, 3.0]]), penalty=1.0)

    assert np.allclose(weights, [[0, 1 / 2], [1 / 4, 0]], rtol=0, atol=1e-15)
