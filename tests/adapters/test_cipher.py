"""Is a callback URL unreadable in storage, and can keys be changed without losing any?"""

import pytest
from cryptography.fernet import Fernet

from shared.adapters.cipher import Cipher
from shared.errors import SettingsInvalid
from tests.contracts.samples import CALLBACK

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.mark.parametrize("text", [CALLBACK, "", "æ 🎉", "x" * 2048])
def test_a_text_comes_back(text: str) -> None:
    assert Cipher([OLD]).decrypt(Cipher([OLD]).encrypt(text)) == text


def test_nothing_of_the_text_shows_and_no_two_tokens_are_alike() -> None:
    """Three letters in a row of it may stand in any token by chance; eight do not."""
    cipher = Cipher([OLD])
    first, second = cipher.encrypt(CALLBACK), cipher.encrypt(CALLBACK)
    assert first != second
    assert not [piece for at in range(len(CALLBACK) - 7) if (piece := CALLBACK[at : at + 8]) in first]


def test_after_a_new_key_is_put_first_old_tokens_are_read_and_new_ones_need_only_the_new_key() -> None:
    rotated = Cipher([NEW, OLD])
    assert rotated.decrypt(Cipher([OLD]).encrypt(CALLBACK)) == CALLBACK
    assert Cipher([NEW]).decrypt(rotated.encrypt(CALLBACK)) == CALLBACK


@pytest.mark.parametrize("token", [Cipher([OTHER]).encrypt(CALLBACK), "", "no token", "gAAAAA"])
def test_a_token_that_no_key_fits_says_which_setting_to_look_at(token: str) -> None:
    with pytest.raises(SettingsInvalid, match="CALLBACK_ENCRYPTION_KEYS") as caught:
        Cipher([NEW, OLD]).decrypt(token)
    assert "\n" not in str(caught.value)


def test_a_token_that_somebody_changed_is_refused() -> None:
    token = Cipher([OLD]).encrypt(CALLBACK)
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    with pytest.raises(SettingsInvalid):
        Cipher([OLD]).decrypt(changed)


@pytest.mark.parametrize("keys", [["short"], [""], [OLD, "x" * 44], ["æ" * 32], []])
def test_a_key_that_is_none_is_told_in_one_line_that_does_not_repeat_it(keys: list[str]) -> None:
    with pytest.raises(SettingsInvalid, match="CALLBACK_ENCRYPTION_KEYS") as caught:
        Cipher(keys)
    assert "\n" not in str(caught.value)
    assert OLD not in str(caught.value)


def test_only_what_the_newest_key_encrypted_is_current() -> None:
    rotated = Cipher([NEW, OLD])
    assert rotated.is_current(rotated.encrypt(CALLBACK))
    for token in (Cipher([OLD]).encrypt(CALLBACK), Cipher([OTHER]).encrypt(CALLBACK), "", "no token"):
        assert not rotated.is_current(token)
