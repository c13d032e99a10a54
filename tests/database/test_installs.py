"""One-time states of installations: claimed once, by one, before they expire."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, func, select, text

from database import installs
from database.models import Install
from database.session import transaction

STORE = "https://shop.test"


def begin(engine: Engine) -> str:
    with transaction(engine) as session:
        return installs.begin(session, "woocommerce", STORE)


def claim(engine: Engine, state: str, platform: str = "woocommerce") -> str | None:
    with transaction(engine) as session:
        return installs.claim(session, platform, state)


def test_a_state_is_claimed_once(engine: Engine) -> None:
    state = begin(engine)
    assert claim(engine, state) == STORE
    assert claim(engine, state) is None


def test_of_many_who_claim_at_once_one_succeeds(engine: Engine) -> None:
    state = begin(engine)
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: claim(engine, state), range(8)))
    assert sorted(map(bool, claims)) == [False] * 7 + [True]


def test_an_unknown_state_and_one_of_another_platform_are_refused(engine: Engine) -> None:
    state = begin(engine)
    assert claim(engine, "") is None
    assert claim(engine, state + "x") is None
    assert claim(engine, state, "shopify") is None
    assert claim(engine, state) == STORE


def test_a_state_expires_after_an_hour_and_is_forgotten(engine: Engine) -> None:
    old, young = begin(engine), begin(engine)
    with transaction(engine) as session:
        left = session.scalars(
            text("SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM installs")
        ).all()
        assert all(3590 < seconds <= 3600 for seconds in left)
        session.execute(
            text("UPDATE installs SET expires_at = now() - interval '1 s' WHERE state_hash = :h"),
            {"h": installs._hash(old)},
        )
    assert claim(engine, old) is None
    with transaction(engine) as session:
        installs.forget(session)
        assert session.scalar(select(func.count()).select_from(Install)) == 1
    assert claim(engine, young) == STORE


def test_the_state_itself_is_not_kept(engine: Engine) -> None:
    state = begin(engine)
    with transaction(engine) as session:
        assert state.encode() not in session.scalars(select(Install.state_hash)).one()
