"""Requests, their proof, and the key under which identities are hashed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from database import erasure, privacy
from database.models import ErasedIdentity, PrivacyKey
from database.privacy import Subject
from database.session import store_transaction
from database.vault import Vault, VaultError
from tests.database.rows import new_store

Scope = Callable[[], AbstractContextManager[Session]]
EMAIL = "nika@example.test"
SUBJECT = Subject(account_id="5", email=EMAIL, order_ids=("7",))


@pytest.fixture
def vault() -> Vault:
    return Vault([Fernet.generate_key().decode()])


def test_a_request_is_kept_once_encrypted_and_forgets_whom_it_was_about(
    scope: Scope, vault: Vault
) -> None:
    with scope() as session:
        assert privacy.ask(session, vault, "erase", SUBJECT, "k1")
        assert not privacy.ask(session, vault, "erase", SUBJECT, "k1")
        (row,) = privacy.open_requests(session, "erase")
        assert privacy.subject_of(vault, row) == SUBJECT
        assert EMAIL.encode() not in (row.subject or b"")
        assert privacy.open_requests(session, "export", "redact_store") == []
        privacy.finish(session, "k1", {"orders": 2})
    with scope() as session:
        (row,) = privacy.listing(session)
        assert (row.subject, row.counts) == (None, {"orders": 2})
        assert row.done_at is not None
        done_at = row.done_at
        privacy.finish(session, "k1", {"orders": 0})
    with scope() as session:
        (row,) = privacy.listing(session)
        assert (row.done_at, row.counts) == (done_at, {"orders": 2})


def test_stores_with_something_to_do_are_found_from_outside(
    engine: Engine, store_id: UUID, scope: Scope, vault: Vault
) -> None:
    with scope() as session:
        privacy.ask(session, vault, "export", SUBJECT, "k1")
    assert privacy.stores_to_redact(engine) == []
    with scope() as session:
        privacy.ask(session, vault, "erase", SUBJECT, "k2")
    assert privacy.stores_to_redact(engine) == [store_id]


def test_an_identity_is_hashed_under_a_key_of_the_stores_own(
    engine: Engine, scope: Scope, vault: Vault
) -> None:
    with scope() as session:
        assert privacy.hasher(session, vault) is None
        first = privacy.make_hasher(session, vault)(f"email:{EMAIL}")
        assert privacy.make_hasher(session, vault)(f"email:{EMAIL}") == first
        assert len(first) == 32
    with store_transaction(engine, new_store(engine, "b")) as session:
        assert privacy.make_hasher(session, vault)(f"email:{EMAIL}") != first


def test_erased_identities_outlive_a_change_of_the_vaults_keys(scope: Scope) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    with scope() as session:
        hasher = privacy.make_hasher(session, Vault([old]))
        erasure.remember(session, {f"email:{EMAIL}": "x@erased.invalid"}, hasher)
        privacy.ask(session, Vault([old]), "export", SUBJECT, "k1")
    with scope() as session:
        assert privacy.reseal(session, Vault([new, old])) == 2
    with scope() as session:
        hasher = privacy.make_hasher(session, Vault([new]))
        found = erasure.erased(session, [f"email:{EMAIL}", "email:b@example.test"], hasher)
        assert {name: one.pseudonym for name, one in found.items()} == {
            f"email:{EMAIL}": "x@erased.invalid"
        }
        (row,) = privacy.open_requests(session, "export")
        assert privacy.subject_of(Vault([new]), row) == SUBJECT
        with pytest.raises(VaultError):
            privacy.hasher(session, Vault([old]))


def test_the_table_of_erased_identities_holds_no_identity(scope: Scope, vault: Vault) -> None:
    with scope() as session:
        hasher = privacy.make_hasher(session, vault)
        erasure.remember(session, {f"email:{EMAIL}": "x@erased.invalid"}, hasher)
        row = session.scalars(select(ErasedIdentity)).one()
        assert (len(row.hash), row.pseudonym) == (32, "x@erased.invalid")
        sealed = session.scalars(select(PrivacyKey.sealed)).one()
        assert row.hash != sealed[:32]


def test_a_person_erased_again_is_erased_from_then_on(scope: Scope, vault: Vault) -> None:
    with scope() as session:
        hasher = privacy.make_hasher(session, vault)
        erasure.remember(session, {"account:5": "x@erased.invalid"}, hasher)
        first = erasure.erased(session, ["account:5"], hasher)["account:5"]
        erasure.remember(session, {"account:5": "y@erased.invalid"}, hasher)
    with scope() as session:
        again = erasure.erased(session, ["account:5"], hasher)["account:5"]
    assert again.pseudonym == "y@erased.invalid"
    assert again.erased_at > first.erased_at
