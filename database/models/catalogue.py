"""Products, their categories and reviews, and what the merchant chose for lists."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from database.models.base import Base, store_key


class Category(Base):
    """A product category of the store."""

    __tablename__ = "categories"
    __table_args__ = (UniqueConstraint("store_id", "external_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    external_id: Mapped[str]
    name: Mapped[str]
    parent_external_id: Mapped[str | None]


class Product(Base):
    """A product; one known only from an order's line has no `content` until it is read."""

    __tablename__ = "products"
    __table_args__ = (UniqueConstraint("store_id", "external_id"),)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    store_id: Mapped[UUID] = store_key()
    external_id: Mapped[str]
    name: Mapped[str]
    published: Mapped[bool] = mapped_column(server_default="false")
    visible: Mapped[bool] = mapped_column(server_default="false")
    in_stock: Mapped[bool] = mapped_column(server_default="false")
    category_ids: Mapped[list[str]] = mapped_column(server_default="{}")
    cross_sell_ids: Mapped[list[str]] = mapped_column(server_default="{}")
    modified_at: Mapped[datetime | None]
    content: Mapped[bytes | None]
    gone: Mapped[bool] = mapped_column(server_default="false")
    skus: Mapped[list[str]] = mapped_column(server_default="{}")


class Review(Base):
    """A product's review: who wrote it, if a known customer, when, and the rating of 1 to 5.

    Neither its text nor the writer's name or address is kept.
    """

    __tablename__ = "reviews"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    product_external_id: Mapped[str]
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    reviewed_at: Mapped[datetime]
    rating: Mapped[int]


class ProductChoice(Base):
    """A product that the merchant pins first in a list ("pin") or never wants in it ("ban").

    `list_id` is the product whose list it is, or 0 for every list. Pins follow `number`.
    """

    __tablename__ = "product_choices"
    store_id: Mapped[UUID] = store_key(primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    list_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity())
