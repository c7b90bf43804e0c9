"""A flow in memory, for the tests of what is particular to this factor; the kit tests the contract itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import Claim, Entry

ENTRY = Entry("e1")


@dataclass
class MemoryAttempts:
    limit: int = 20
    waits: bool = False
    failed: Counter[Any] = field(default_factory=Counter)
    checked: int = 0

    async def check(self, name: str, subject: Entry | str) -> timedelta:
        self.checked += 1
        return timedelta(minutes=4, seconds=1) if self.waits else timedelta(0)

    async def fail(self, name: str, subject: Entry | str) -> int:
        self.failed[name, subject] += 1
        return max(0, self.limit - self.failed[name, subject])


@dataclass
class MemoryFlow:
    roll: Mapping[str, str]
    entry: Entry | None = ENTRY
    claims: dict[str, Claim] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    attempts: MemoryAttempts = field(default_factory=MemoryAttempts)
    compared: list[str] = field(default_factory=list)
    busy: bool = False

    def matches(self, name: str, value: str) -> bool:
        self.compared.append(name)
        return self.entry is not None and self.roll.get(name) == value

    @asynccontextmanager
    async def exclusive(self, name: str, subject: str) -> AsyncIterator[bool]:
        yield not self.busy


@pytest.fixture
def make_flow() -> Any:
    def make(**changes: Any) -> MemoryFlow:
        return MemoryFlow({"rpps": "10001234567", "ordinal_number": "7512345"}, **changes)

    return make
