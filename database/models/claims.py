"""Proof that an account's e-mail address is its holder's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class ClaimLink(Base):
    """A one-time link by which an account proves its e-mail address; only its hash is kept.

    The row goes when the link is used. `email` is the address that it proves, should the account
    still have it then.
    """

    __tablename__ = "claim_links"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    email: Mapped[str]
    expires_at: Mapped[datetime]
