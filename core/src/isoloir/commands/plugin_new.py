"""``isoloir plugins new``: a plugin to begin from, complete, that passes the conformance kit at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

import click
from rich.text import Text

from isoloir.commands.context import console, core_texts, json_option, language, show_json
from isoloir.errors import IsoloirError
from isoloir.texts import LOCALES

KINDS = ("factor", "eligibility", "notifier")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST = 40


@click.command("new")
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--factor", "kind", flag_value="factor", default=True, help="A factor of authentication (the default).")
@click.option("--eligibility", "kind", flag_value="eligibility", help="A check of the right to vote.")
@click.option("--notifier", "kind", flag_value="notifier", help="A carrier of messages.")
@json_option
@click.pass_context
def new(ctx: click.Context, name: str, folder: Path, kind: str, as_json: bool) -> None:
    """Write a new plugin NAME into FOLDER: sources, texts, tests with the conformance kit, packaging.

    Example: isoloir plugins new iban_end iban_end
    """
    written = write_plugin(name, kind, folder)
    if as_json:
        show_json({"name": name, "kind": kind, "folder": str(folder), "files": [str(path) for path in written]})
        return
    text = core_texts().get(language(ctx), "plugins.new.written", name=name, folder=str(folder), files=len(written))
    console().print(Text(text, style="green"))


def write_plugin(name: str, kind: str, folder: Path) -> list[Path]:
    """Write the plugin into a folder that is not there yet, or empty; return the files, relative to it.

    Raises IsoloirError: ``plugin_new_name``, ``plugin_new_folder`` (not empty), ``plugin_new_not_writable``.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise IsoloirError("plugin_new_name")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise IsoloirError("plugin_new_folder", folder=str(folder))
        for path, text in contents(name, kind).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    except OSError:
        raise IsoloirError("plugin_new_not_writable", folder=str(folder)) from None
    return sorted(contents(name, kind))


def contents(name: str, kind: str) -> Mapping[Path, str]:
    """Return the text of each file of a new plugin, by its path."""
    words = {
        "@name@": name,
        "@dashed@": name.replace("_", "-"),
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
        "@Title@": name.replace("_", " ").capitalize(),
    }
    found = {}
    for path, template in _templates(name, kind):
        text = (files("isoloir") / "plugin_template" / template).read_text(encoding="utf-8")
        for place, word in words.items():
            text = text.replace(place, word)
        found[path] = text
    return found


def _templates(name: str, kind: str) -> Iterator[tuple[Path, str]]:
    package = Path("src") / f"isoloir_{name}"
    yield Path("pyproject.toml"), "common/pyproject.toml.in"
    yield Path("README.md"), f"{kind}/README.md.in"
    yield package / "__init__.py", f"{kind}/__init__.py.in"
    yield package / f"{kind}.py", f"{kind}/{kind}.py.in"
    for locale in LOCALES:
        yield package / "locales" / locale / "LC_MESSAGES" / f"{name}.po", f"{kind}/{locale}.po.in"
    yield Path("tests") / f"test_{name}.py", f"{kind}/test.py.in"
