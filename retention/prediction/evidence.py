"""When there are too few data to say anything, the figure says so instead."""


class NotEnoughData(ValueError):
    """A figure cannot be computed: `have` of what is counted are there, `need` are needed."""

    def __init__(self, what: str, have: int, need: int) -> None:
        self.what = what
        self.have = have
        self.need = need
        super().__init__(f"not enough data (have {have} {what}, need {need})")


def require_evidence(what: str, have: int, need: int) -> None:
    """Raise NotEnoughData unless `have` reaches `need`."""
    if have < need:
        raise NotEnoughData(what, have, need)
