"""Secrets at rest: sealed with the newest key, read with any, and moved to the newest."""

import pytest

from database.vault import Vault, VaultError, new_key

SECRET = {"key": "ck_1", "secret": "cs_سرّ"}


def test_a_sealed_secret_shows_nothing_and_comes_back_whole() -> None:
    vault = Vault([new_key()])
    sealed = vault.seal(SECRET)
    assert b"ck_1" not in sealed
    assert vault.unseal(sealed) == SECRET
    assert vault.seal(SECRET) != sealed


def test_an_old_key_still_opens_what_it_sealed() -> None:
    old, new = new_key(), new_key()
    sealed = Vault([old]).seal(SECRET)
    assert Vault([new, old]).unseal(sealed) == SECRET


def test_after_resealing_the_old_key_can_be_dropped() -> None:
    old, new = new_key(), new_key()
    resealed = Vault([new, old]).reseal(Vault([old]).seal(["one", "two"]))
    assert Vault([new]).unseal(resealed) == ["one", "two"]
    with pytest.raises(VaultError, match="BAZGASHT_SECRET_KEYS"):
        Vault([old]).unseal(resealed)


def test_a_secret_that_no_key_opens_says_what_to_do() -> None:
    sealed = Vault([new_key()]).seal(SECRET)
    other = Vault([new_key()])
    with pytest.raises(VaultError, match="put the old key back at the end"):
        other.unseal(sealed)
    with pytest.raises(VaultError, match="fits none"):
        other.reseal(sealed)


@pytest.mark.parametrize("keys", [[], ["short"], [new_key(), ""]])
def test_a_malformed_key_says_how_to_make_one(keys: list[str]) -> None:
    with pytest.raises(VaultError, match="bazgasht new-key"):
        Vault(keys)
