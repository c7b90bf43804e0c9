"""The interface of a group of prime order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import NewType

from isoloir_ballots.canonical import decimal
from isoloir_ballots.errors import FormatError

Element = NewType("Element", object)
"""Opaque; hashable and comparable by `==` (each element has one representation in memory)."""
Power = Callable[[int], Element]
"""Exponentiation of one fixed base, usually through a table."""


class Group(ABC):
    """A multiplicative group of prime order `q` with generator `generator`, named as in the election file.

    Exponents may be any integers; they count modulo `q`. Elements given to the methods come from `parse` or
    from the group itself and are not checked again.
    """

    name: str
    q: int
    generator: Element
    identity: Element

    @abstractmethod
    def parse(self, text: str, *, identity: bool = False) -> Element:
        """Read an element of order q (or, if `identity`, the neutral one).

        Raises FormatError: `element.spelling` if not the one canonical text of a number in range,
        `element.group` if the number is not such an element.
        """

    @abstractmethod
    def serialise(self, element: Element) -> str:
        """The text of an element, as hashed and published."""

    @abstractmethod
    def multiply(self, a: Element, b: Element) -> Element:
        """The product ab."""

    @abstractmethod
    def divide(self, a: Element, b: Element) -> Element:
        """The quotient a/b."""

    @abstractmethod
    def power(self, base: Element, exponent: int) -> Element:
        """base^exponent for public exponents; the time taken may depend on them."""

    @abstractmethod
    def secret_power(self, base: Element, exponent: int) -> Element:
        """base^exponent for secret exponents, by the library's constant-time routine."""

    @abstractmethod
    def generator_power(self, exponent: int) -> Element:
        """g^exponent."""

    def fixed_base(self, base: Element) -> Power:
        """Powers of one base that is used many times (a public key)."""
        return lambda exponent: self.power(base, exponent)

    def product(self, elements: Iterable[Element]) -> Element:
        """The product of all; the identity for none."""
        result = self.identity
        for element in elements:
            result = self.multiply(result, element)
        return result

    def scalar(self, text: str) -> int:
        """Read a canonical decimal in [0, q); FormatError `scalar.spelling` or `scalar.range`."""
        try:
            return decimal(text, limit=self.q, what="A scalar")
        except FormatError as error:
            clause = "scalar.range" if error.clause == "range" else "scalar.spelling"
            raise FormatError(clause, error.detail) from None
