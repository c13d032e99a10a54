"""Requests about personal data of the store in scope, their proof, and the store's hashing key.

What must be recognised without being kept is kept as a keyed hash. The key is random, one for
each store, and encrypted by the vault: e-mail addresses and phone numbers are few enough to be
tried one by one, so a plain hash, salted or not, would give them back to whoever has the database
alone. It is not derived from the vault's keys, because those are changed now and then.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from database.bulk import insert_rows
from database.models import PrivacyKey, PrivacyRequest, Store
from database.session import transaction
from database.vault import Vault

RequestKind = Literal["export", "erase", "redact_store"]
Hasher = Callable[[str], bytes]
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about: any of account, e-mail (normalised), phone (E.164) and orders."""

    account_id: str | None = None
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    order_ids: tuple[str, ...] = ()

    @property
    def identities(self) -> tuple[str, ...]:
        """The identities that name the person, the strongest first; orders only if no other."""
        named = identities_of(self.account_id, self.email, self.phone)
        return named or tuple(f"order:{order}" for order in self.order_ids)


def identities_of(account: str | None, email: str | None, phone: str | None) -> tuple[str, ...]:
    """Identities in the form in which they are compared and hashed: "email:a@example.com"."""
    parts = (("account", account), ("email", email), ("phone", phone))
    return tuple(f"{kind}:{value}" for kind, value in parts if value)


def hasher(session: Session, vault: Vault) -> Hasher | None:
    """What makes the store's hashes; None while nothing of the store was ever hashed."""
    sealed = session.scalar(select(PrivacyKey.sealed))
    if sealed is None:
        return None
    key = bytes.fromhex(vault.unseal(sealed)[0])
    return lambda identity: hmac.digest(key, identity.encode(), "sha256")


def make_hasher(session: Session, vault: Vault) -> Hasher:
    """The same, with a fresh key for a store that has none yet."""
    key = secrets.token_hex(KEY_BYTES)
    insert_rows(
        session, PrivacyKey, [{"sealed": vault.seal([key])}], unique=("store_id",), replace=()
    )
    made = hasher(session, vault)
    if made is None:
        raise LookupError("the store in scope is not there")
    return made


def ask(session: Session, vault: Vault, kind: RequestKind, subject: Subject, key: str) -> bool:
    """Keep a request about a person until it is done; False if it is known by its `key`."""
    return _insert(
        session,
        kind,
        key,
        make_hasher(session, vault)(subject.identities[0]),
        vault.seal(asdict(subject)),
    )


def ask_redaction(session: Session, store: Store, key: str) -> bool:
    """Keep the request that everything of the store be removed.

    The store's hash is a plain one, of its platform and address: its key goes with the store, and
    a shop's address is no secret.
    """
    address = sha256(f"{store.platform} {store.url}".encode()).digest()
    return _insert(session, "redact_store", key, address, None)


def _insert(
    session: Session, kind: RequestKind, key: str, subject_hash: bytes, subject: bytes | None
) -> bool:
    row = {"key": key, "kind": kind, "subject_hash": subject_hash, "subject": subject}
    written = insert_rows(
        session,
        PrivacyRequest,
        [row],
        unique=("store_id", "key"),
        replace=(),
        returning=("id",),
    )
    return bool(written)


def open_requests(session: Session, *kinds: RequestKind) -> Sequence[PrivacyRequest]:
    """The requests of these kinds that are not done, the oldest first."""
    return session.scalars(
        select(PrivacyRequest)
        .where(PrivacyRequest.kind.in_(kinds), PrivacyRequest.done_at.is_(None))
        .order_by(PrivacyRequest.id)
    ).all()


def listing(session: Session) -> Sequence[PrivacyRequest]:
    """Every request there ever was about the store in scope, the oldest first."""
    return session.scalars(select(PrivacyRequest).order_by(PrivacyRequest.id)).all()


def request(session: Session, key: str) -> PrivacyRequest | None:
    """The request known by this key."""
    return session.scalar(select(PrivacyRequest).where(PrivacyRequest.key == key))


def subject_of(vault: Vault, row: PrivacyRequest) -> Subject:
    """Whom a request that is not done is about."""
    fields = vault.unseal(row.subject) if row.subject else {}
    return Subject(**{**fields, "order_ids": tuple(fields.get("order_ids", ()))})


def finish(session: Session, key: str, counts: Mapping[str, Any]) -> None:
    """Note that a request is done and what that came to; whom it was about is forgotten."""
    session.execute(
        update(PrivacyRequest)
        .where(PrivacyRequest.key == key, PrivacyRequest.done_at.is_(None))
        .values(done_at=func.clock_timestamp(), counts=dict(counts), subject=None)
        .execution_options(synchronize_session=False)
    )


def reseal(session: Session, vault: Vault) -> int:
    """Encrypt what these tables hold with the vault's newest key; how many secrets there were."""
    count = 0
    for key in session.scalars(select(PrivacyKey)):
        key.sealed = vault.reseal(key.sealed)
        count += 1
    for row in session.scalars(select(PrivacyRequest).where(PrivacyRequest.subject.is_not(None))):
        row.subject = vault.reseal(row.subject) if row.subject else None
        count += 1
    return count


def stores_to_redact(engine: Engine) -> Sequence[UUID]:
    """The stores with requests that a job fulfils."""
    with transaction(engine) as session:
        rows = session.scalars(text("SELECT store_id FROM stores_to_redact()"))
        return cast(Sequence[UUID], rows.all())
