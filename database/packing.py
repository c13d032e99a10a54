"""The form in which bodies of webhooks are kept: zlib's format, written and read by ISA-L.

ISA-L packs a body four times as fast as zlib at its fastest, to about the same size, and unpacks
it twice as fast. Every delivery is packed before it is answered.
"""

from isal import isal_zlib


def pack(body: bytes) -> bytes:
    """The body as it is kept."""
    return isal_zlib.compress(body, 1)


def unpack(packed: bytes) -> bytes:
    """The body as it came."""
    return isal_zlib.decompress(packed)
