"""Encryption of what a store entrusted to us: keys and webhook secrets, at rest."""

import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class VaultError(Exception):
    """A secret cannot be read with the configured keys; the message says what to change."""


class Vault:
    """Encrypts small JSON objects with the first key and reads with any of them.

    Args:
        keys: Fernet keys (32 bytes, URL-safe base64), the newest first.
    """

    def __init__(self, keys: list[str]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise VaultError(
                "BAZGASHT_SECRET_KEYS must hold Fernet keys separated by commas, newest first; "
                "make one with `bazgasht new-key`."
            ) from error

    def seal(self, value: dict[str, Any] | list[str]) -> bytes:
        """The value as encrypted bytes."""
        return self._fernet.encrypt(json.dumps(value).encode())

    def unseal(self, sealed: bytes) -> Any:
        """The value that was sealed.

        Raises:
            VaultError: no configured key fits.
        """
        try:
            return json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise VaultError(
                "A stored secret fits none of BAZGASHT_SECRET_KEYS; put the old key back at the "
                "end of the list, then run `bazgasht rotate-keys`."
            ) from error

    def reseal(self, sealed: bytes) -> bytes:
        """The same value encrypted with the newest key."""
        try:
            return self._fernet.rotate(sealed)
        except InvalidToken as error:
            raise VaultError("A stored secret fits none of BAZGASHT_SECRET_KEYS.") from error


def new_key() -> str:
    """A fresh key for BAZGASHT_SECRET_KEYS."""
    return Fernet.generate_key().decode()
