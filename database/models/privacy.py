"""Requests about personal data, and what is known of the erased."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, Json, store_key


class PrivacyKey(Base):
    """The key, encrypted, under which the store's erased identities are known as hashes."""

    __tablename__ = "privacy_keys"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    sealed: Mapped[bytes]


class ErasedIdentity(Base):
    """An account, e-mail address or phone number that was erased, as a keyed hash.

    What comes later under it from before `erased_at` is kept under `pseudonym` instead.
    """

    __tablename__ = "erased_identities"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    pseudonym: Mapped[str]
    erased_at: Mapped[datetime]


class PrivacyRequest(Base):
    """A request about personal data, and the proof of what was done about it.

    `kind` is export, erase or redact_store. `subject` is whom it is about, encrypted, and goes
    once it is done; `subject_hash` stays. The row outlives its store, so nothing refers to it.
    """

    __tablename__ = "privacy_requests"
    __table_args__ = (
        UniqueConstraint("store_id", "key"),
        Index("ix_privacy_requests_open", "store_id", postgresql_where=text("done_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID]
    key: Mapped[str]
    kind: Mapped[str]
    subject_hash: Mapped[bytes]
    subject: Mapped[bytes | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    done_at: Mapped[datetime | None]
    counts: Mapped[Json] = mapped_column(server_default="{}")
