"""Groups: arithmetic, and the refusal of every text that is not THE text of an element of order q."""

from __future__ import annotations

import gmpy2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isoloir_ballots.errors import FormatError
from isoloir_ballots.groups import NAMES, named

P25519 = 2**255 - 19
# A point of order 8 and one of order 2 of edwards25519 (little-endian, from the curve's torsion subgroup).
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
ORDER_2 = (P25519 - 1).to_bytes(32, "little")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None)
@given(a=st.integers(-(2**300), 2**300), b=st.integers(0, 2**256))
def test_exponents_add(name: str, a: int, b: int) -> None:
    """g^a g^b = g^(a+b), g^a / g^b = g^(a−b), (g^a)^b = g^(ab), for exponents of any size and sign."""
    group = named(name)
    ga, gb = group.generator_power(a), group.generator_power(b)
    assert group.multiply(ga, gb) == group.generator_power(a + b)
    assert group.divide(ga, gb) == group.generator_power(a - b)
    assert group.power(ga, b) == group.secret_power(ga, b) == group.fixed_base(ga)(b) == group.generator_power(a * b)
    assert group.parse(group.serialise(ga), identity=True) == ga


@pytest.mark.parametrize("name", NAMES)
def test_the_group_has_order_q(name: str) -> None:
    """g^q is the identity, and no power below is for the small ones; q is prime."""
    group = named(name)
    assert gmpy2.is_prime(group.q)
    for power in (group.power, group.secret_power):
        assert power(group.generator, group.q) == group.identity
        assert power(group.identity, 5) == group.identity
        assert power(group.generator, group.q - 1) == group.divide(group.identity, group.generator)
    assert group.generator_power(0) == group.generator_power(group.q) == group.identity
    assert group.product([]) == group.identity != group.generator


@pytest.mark.parametrize("name", NAMES)
def test_identity_only_where_asked(name: str) -> None:
    """The identity is refused unless the caller allows it."""
    group = named(name)
    text = group.serialise(group.identity)
    assert group.parse(text, identity=True) == group.identity
    with pytest.raises(FormatError) as caught:
        group.parse(text)
    assert caught.value.clause == "element.group"


def test_unknown_group() -> None:
    """A group that is not supported is refused by name."""
    with pytest.raises(FormatError) as caught:
        named("RFC-3526-2048")
    assert caught.value.clause == "group.unknown"


def mixed_order() -> str:
    """A point of order 8q: the generator plus a point of order 8."""
    from nacl.bindings import crypto_core_ed25519_add

    group = named("Ed25519")
    return crypto_core_ed25519_add(bytes.fromhex(group.serialise(group.generator))[::-1], ORDER_8)[::-1].hex()


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("66" * 31 + "58", None),
        ("", "element.spelling"),
        ("66" * 31 + "5", "element.spelling"),
        ("00" + "66" * 31 + "58", "element.spelling"),
        ("66" * 31 + "5G", "element.spelling"),
        ("66" * 31 + "58\n", "element.spelling"),
        ("é" * 64, "element.spelling"),
        ((P25519 + 1).to_bytes(32, "big").hex(), "element.spelling"),
        ((P25519 + 1 + 2**255).to_bytes(32, "big").hex(), "element.spelling"),
        ((1 + 2**255).to_bytes(32, "big").hex(), "element.group"),
        (ORDER_8[::-1].hex(), "element.group"),
        (ORDER_2[::-1].hex(), "element.group"),
        ("00" * 32, "element.group"),
        ("00" * 31 + "02", "element.group"),
        (mixed_order(), "element.group"),
    ],
)
def test_points_of_edwards25519(text: str, clause: str | None) -> None:
    """Only reduced, lower-case, prime-order points parse; torsion and mixed order do not."""
    group = named("Ed25519")
    for identity in (False, True):
        if clause is None:
            assert group.serialise(group.parse(text, identity=identity)) == text
        else:
            with pytest.raises(FormatError) as caught:
                group.parse(text, identity=identity)
            assert caught.value.clause == clause


def test_upper_case_is_refused() -> None:
    """The same point in upper case is another text, hence another tracker: refused."""
    group = named("Ed25519")
    text = group.serialise(group.generator_power(12345))
    assert text != text.upper()
    with pytest.raises(FormatError) as caught:
        group.parse(text.upper())
    assert caught.value.clause == "element.spelling"


@pytest.mark.parametrize("change", ["zero", "leading", "sign", "p", "order_2", "outside", "long", "digits"])
def test_numbers_of_belenios_2048(change: str) -> None:
    """In the finite field only canonical decimals of order q parse."""
    group = named("BELENIOS-2048")
    g, p = int(str(group.generator)), group._p
    text, clause = {
        "zero": ("0", "element.group"),
        "leading": (f"0{g}", "element.spelling"),
        "sign": (f"+{g}", "element.spelling"),
        "p": (str(p + g), "element.spelling"),
        "order_2": (str(p - 1), "element.group"),
        "outside": ("2", "element.group"),
        "long": ("9" * 100_000, "element.spelling"),
        "digits": ("٣" * 10, "element.spelling"),
    }[change]
    assert group.parse(str(g)) == group.generator
    with pytest.raises(FormatError) as caught:
        group.parse(text)
    assert caught.value.clause == clause


@pytest.mark.parametrize("name", NAMES)
def test_scalars(name: str) -> None:
    """Scalars lie in [0, q) and have one spelling."""
    group = named(name)
    assert group.scalar("0") == 0
    assert group.scalar(str(group.q - 1)) == group.q - 1
    for text, clause in [
        (str(group.q), "scalar.range"),
        ("9" * 5000, "scalar.range"),
        ("-1", "scalar.spelling"),
        ("01", "scalar.spelling"),
        ("", "scalar.spelling"),
        ("1 ", "scalar.spelling"),
        ("²", "scalar.spelling"),
    ]:
        with pytest.raises(FormatError) as caught:
            group.scalar(text)
        assert caught.value.clause == clause
