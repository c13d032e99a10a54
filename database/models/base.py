"""The declarative base of all tables."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, LargeBinary, MetaData, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class Base(DeclarativeBase):
    """The declarative base: naming of constraints and the types of columns."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy reads a plain class attribute
        datetime: TIMESTAMP(timezone=True),
        Decimal: Numeric(20, 4),
        Json: JSONB,
        bytes: LargeBinary,
        list[str]: ARRAY(String),
    }


def store_key(*, primary_key: bool = False) -> Mapped[UUID]:
    """The column by which row-level security separates the stores."""
    return mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=primary_key)
