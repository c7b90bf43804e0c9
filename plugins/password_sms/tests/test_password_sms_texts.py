"""The message and the hash."""

from __future__ import annotations

import pytest

from isoloir.texts import Texts, read_catalogues
from isoloir_password_sms import hashing
from isoloir_password_sms.config import ALPHABETS, PROFILES, PasswordConfig

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_the_message_fits_one_sms(locale: str) -> None:
    """With a title of 70 characters and the longest password it is one GSM-7 message of 160."""
    texts = Texts(read_catalogues("isoloir_password_sms"))
    title = "Élections des personnels médicaux, odontologiques et pharmaceutiques 26"
    message = texts.get(locale, "template.password", election=title, code="A" * 16, minutes="60")
    assert len(title) >= 70
    assert len(message) <= 160
    assert set(message) <= GSM_7
    assert title in message
    assert "A" * 16 in message


def test_passwords_are_drawn_from_their_alphabet() -> None:
    """Every sign drawn is of the alphabet, none of the look-alikes is, and passwords differ."""
    setting = PasswordConfig(alphabet="letters_and_digits", length=16)
    drawn = {hashing.draw(setting) for _ in range(200)}
    assert len(drawn) == 200
    assert set("".join(drawn)) <= set(ALPHABETS["letters_and_digits"])
    assert not set("".join(drawn)) & set("OI01L")


async def test_a_hash_holds_and_a_dummy_never_does() -> None:
    """The password verifies, another does not, and where none is kept nothing does."""
    kept = await hashing.hashed("cheapest", "12345678")
    assert await hashing.is_password("cheapest", kept, "12345678")
    assert not await hashing.is_password("cheapest", kept, "12345679")
    assert not await hashing.is_password("cheapest", None, "12345678")
    assert not await hashing.is_password("cheapest", "not a hash", "12345678")


def test_every_profile_is_argon2id() -> None:
    """Each named profile is argon2id (RFC 9106), and the default stays far from the cheapest."""
    assert {profile.type.name for profile in PROFILES.values()} == {"ID"}
    assert PROFILES["one_time"].memory_cost >= 8192
