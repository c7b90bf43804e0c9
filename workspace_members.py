"""Hatch metadata hook: the root depends on each workspace member by its path on this disk."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class WorkspaceMembers(MetadataHookInterface):
    """Lists every member as ``name @ file:///…``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill ``dependencies`` from the member folders of ``tool.uv.workspace``."""
        root = Path(self.root)
        workspace = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]
        members = [folder for pattern in workspace["members"] for folder in sorted(root.glob(pattern))]
        metadata["dependencies"] = [
            f"{tomllib.loads((folder / 'pyproject.toml').read_text())['project']['name']} @ {folder.as_uri()}"
            for folder in members
            if (folder / "pyproject.toml").is_file()
        ]
