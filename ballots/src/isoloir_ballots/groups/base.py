"""The interface of a group of prime order."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, NewType

from isoloir_ballots.canonical import decimal
from isoloir_ballots.errors import FormatError

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,77})\Z")  # as long as any q here, so that most scalars are read at once
Element = NewType("Element", object)
"""Opaque; hashable and comparable by `==` (each element has one representation in memory)."""
Power = Callable[[int], Element]
"""Exponentiation of one fixed base, usually through a table."""
Pair = tuple[Element, Element]
"""A ciphertext: α and β."""


class Branch(NamedTuple):
    """The product of the ciphertexts `first` to `last` − 1, of which a proof says that it encrypts `offset`."""

    first: int
    last: int
    offset: int


class Group(ABC):
    """A multiplicative group of prime order `q` with generator `generator`, named as in the election file.

    Exponents may be any integers; they count modulo `q`. Elements given to the methods come from `parse` or
    from the group itself and are not checked again. `arithmetic` names the library that does the work.
    """

    name: str
    arithmetic: str
    q: int
    generator: Element
    identity: Element

    @abstractmethod
    def parse(self, text: str, *, identity: bool = False) -> Element:
        """Read an element of order q (or, if `identity`, the neutral one).

        Raises FormatError: `element.spelling` if not the one canonical text of a number in range,
        `element.group` if the number is not such an element.
        """

    def parse_unproven(self, text: str) -> Element:
        """Read an element that `commitments` will see, and refuse then if it is not of order q.

        Raises FormatError as `parse` does, but perhaps `element.group` only there.
        """
        return self.parse(text)

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

    @abstractmethod
    def fixed_base(self, base: Element) -> Power:
        """Powers of one base that is used many times (a public key), for public exponents. It can be pickled."""

    def secret_fixed_base(self, base: Element) -> Power:
        """The same for secret exponents."""
        return partial(self.secret_power, base)

    def commitments(
        self, y: Power, ciphertexts: Sequence[Pair], branches: Sequence[Branch], proofs: Sequence[tuple[int, int]]
    ) -> list[str]:
        """The texts of g^r α^c and y^r (β/g^offset)^c of each branch, in order: what a challenge is the hash of.

        `y` comes from `fixed_base`; `proofs` gives (c, r), in [0, q), of each branch. Raises FormatError
        `element.group` if a ciphertext's element came from `parse_unproven` and is not of order q.
        """
        texts = []
        products: dict[Branch, Pair] = {}
        for branch, (c, r) in zip(branches, proofs, strict=True):
            alpha, beta = products.get(branch) or self._product_of(ciphertexts, branch, products)
            texts.append(self.serialise(self.multiply(self.generator_power(r), self.power(alpha, c))))
            texts.append(self.serialise(self.multiply(y(r), self.power(beta, c))))
        return texts

    def _product_of(self, ciphertexts: Sequence[Pair], branch: Branch, known: dict[Branch, Pair]) -> Pair:
        whole = branch._replace(offset=0)
        if whole not in known:
            alphas, betas = zip(*ciphertexts[branch.first : branch.last], strict=True)
            known[whole] = self.product(alphas), self.product(betas)
        alpha, beta = known[whole]
        if branch.offset:
            shift = self.generator if branch.offset == 1 else self.generator_power(branch.offset)
            beta = self.divide(beta, shift)
        return known.setdefault(branch, (alpha, beta))

    def product(self, elements: Iterable[Element]) -> Element:
        """The product of all; the identity for none."""
        remaining = iter(elements)
        result = next(remaining, self.identity)
        for element in remaining:
            result = self.multiply(result, element)
        return result

    def scalar(self, text: str) -> int:
        """Read a canonical decimal in [0, q); FormatError `scalar.spelling` or `scalar.range`."""
        if _DECIMAL.match(text) and (number := int(text)) < self.q:
            return number
        try:
            return decimal(text, limit=self.q, what="A scalar")
        except FormatError as error:
            clause = "scalar.range" if error.clause == "range" else "scalar.spelling"
            raise FormatError(clause, error.detail) from None

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        from . import named  # worker processes have groups of their own

        return named, (self.name,)
