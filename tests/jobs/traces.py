"""Looking for a person everywhere that something could be left of one."""

import zlib

from redis import Redis
from sqlalchemy import Engine, select

from database.models import Base

Traces = list[tuple[str, str]]


def find_in_tables(superuser: Engine, needles: tuple[str, ...]) -> Traces:
    """Where in any column of any table a needle stands, bodies of events unpacked."""
    found: Traces = []
    with superuser.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    said = _readable(column, value)
                    found += [(f"{table.name}.{column}", n) for n in needles if n in said]
    return found


def _readable(column: str, value: object) -> str:
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        raw = zlib.decompress(raw) if column == "body" else raw
        return raw.decode("utf-8", "replace")
    return str(value)


def find_in_redis(redis: Redis, needles: tuple[str, ...]) -> Traces:
    """Where in any key or value a needle stands."""
    found: Traces = []
    for key in redis.scan_iter():
        dumped = redis.dump(key) or b""
        packed = redis.hget(key, "data") if redis.type(key) == b"hash" else None
        plain = zlib.decompress(packed) if isinstance(packed, bytes) else b""
        said = (key + dumped + plain).decode("utf-8", "replace")
        found += [(key.decode(), needle) for needle in needles if needle in said]
    return found
