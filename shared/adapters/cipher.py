"""Encrypts what must not be read from storage: callback URLs and signing secrets.

The first key encrypts, every key decrypts.
"""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shared.errors import SettingsInvalid


class Cipher:
    """Fernet (AES-128-CBC with HMAC-SHA256) with keys that can be rotated."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            fernets = [Fernet(key) for key in keys]
            self._fernet = MultiFernet(fernets)
        except ValueError:
            raise SettingsInvalid("CALLBACK_ENCRYPTION_KEYS: each key must be 32 bytes in URL-safe base64.") from None
        self._newest = fernets[0]

    def encrypt(self, text: str) -> str:
        """Encrypt with the newest key."""
        return self._fernet.encrypt(text.encode()).decode()

    def is_current(self, token: str) -> bool:
        """Whether the newest key encrypted it."""
        try:
            self._newest.decrypt(token.encode())
        except InvalidToken:
            return False
        return True

    def decrypt(self, token: str) -> str:
        """Decrypt with whichever key fits. Raises SettingsInvalid when none does."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise SettingsInvalid(
                "A subscription was encrypted with a key that CALLBACK_ENCRYPTION_KEYS no longer lists."
            ) from None
