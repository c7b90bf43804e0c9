"""The bundled conformance kit, unchanged: what is sent is what the folder holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoloir.hooks import PluginConfig
from isoloir.testing import NotifierContract
from isoloir_outbox import OutboxConfig, OutboxNotifier, read_outbox


class TestOutboxContract(NotifierContract):
    """All of the notifier's contract."""

    @pytest.fixture
    def notifier(self) -> OutboxNotifier:
        return OutboxNotifier()

    @pytest.fixture
    def config(self, tmp_path: Path) -> PluginConfig:  # type: ignore[override]
        return OutboxConfig(folder=tmp_path / "outbox")

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> PluginConfig:
        (tmp_path / "a-file").write_text("")
        return OutboxConfig(folder=tmp_path / "a-file")

    async def delivered(self, config: PluginConfig) -> list[tuple[str, str, str]]:
        assert isinstance(config, OutboxConfig)
        return [(one.recipient, one.subject, one.text) for one in read_outbox(config.folder)]
