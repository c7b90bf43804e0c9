"""The page for plugin authors does what it says: its commands run, its files are true, its lists are whole."""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from isoloir import hooks, testing
from isoloir.plugin_set import HOOKS
from isoloir.testing.texts import COMMON_PLACES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/plugin-author.md").read_text("utf-8")
BLOCKS = re.findall(r"(?:^`([^`\n]+)`\n\n)?^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent
GENERATED = (
    "pyproject.toml",
    "src/isoloir_iban_end/__init__.py",
    "src/isoloir_iban_end/factor.py",
    "tests/test_iban_end.py",
)


def files() -> dict[str, str]:
    """Return the page's blocks that have a file's name."""
    return {name: text for name, _, text in BLOCKS if name}


def commands() -> list[list[str]]:
    return [shlex.split(line) for _, lang, text in BLOCKS if lang == "sh" for line in text.splitlines()]


def with_entries(catalogue: str, entries: str) -> str:
    """Put entries in place of those of the same name."""
    for identifier, text in re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', entries, re.MULTILINE):
        old = re.compile(rf'^msgid "{re.escape(identifier)}"\nmsgstr ".*"$', re.MULTILINE)
        catalogue, count = old.subn(lambda _, i=identifier, t=text: f'msgid "{i}"\nmsgstr "{t}"', catalogue)
        assert count == 1, f"the page changes {identifier}, which was not written"
    return catalogue


def with_tables(election: str, fragment: str) -> str:
    """Add a fragment's tables to an election's file: keys to a table that is there, else the table."""
    for table in fragment.strip().split("\n\n"):
        header, _, keys = table.partition("\n")
        if f"\n{header}" in election and not header.startswith("[["):
            line = next(one for one in election.splitlines() if one.startswith(header))
            election = election.replace(line, f"{line}\n{keys}")
        else:
            election += f"\n{table}\n"
    return election


@dataclass
class Afternoon:
    """A folder where the page's commands were run, and how to run more."""

    folder: Path
    said: dict[str, subprocess.CompletedProcess[str]]
    run: Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory: pytest.TempPathFactory) -> Afternoon:
    """Follow the page. What pip would install, the wheel that hatchling builds, is unpacked beside it, offline."""
    folder = tmp_path_factory.mktemp("afternoon")
    site = folder / "site"
    environment = {**os.environ, "PYTHONPATH": str(site), "ISOLOIR_LANG": "en", "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments: str, where: Path = folder) -> subprocess.CompletedProcess[str]:
        program = [str(BIN / "isoloir")] if arguments[0] == "isoloir" else [sys.executable]
        return subprocess.run(
            [*program, *arguments[1:]], cwd=where, env=environment, capture_output=True, text=True, check=False
        )

    said: dict[str, subprocess.CompletedProcess[str]] = {}
    where = folder
    for command in commands():
        line = " ".join(command)
        if command[0] == "cd":
            where = folder / command[1]
        elif "pip" in command:
            build = run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"), where=where)
            assert build.returncode == 0, build.stderr
            (wheel,) = (folder / "dist").glob("*.whl")
            zipfile.ZipFile(wheel).extractall(site)
        elif command[:3] == ["python", "-m", "pytest"]:
            said[line] = run(*command, "-p", "no:cacheprovider", where=where)
            _make_it_ones_own(where, site)
            said["pytest, with the page's words"] = run(*command, "-p", "no:cacheprovider", where=where)
            where = folder
        else:
            if command[-1] == "election.toml" and "check" in command:
                said["check before"] = run(*command)
                path = folder / "election.toml"
                path.write_text(with_tables(path.read_text("utf-8"), files()["election.toml"]), "utf-8")
            if "--instance" in command:
                (folder / "demo").mkdir(exist_ok=True)
                (folder / "demo/isoloir.toml").write_text(files()["demo/isoloir.toml"], "utf-8")
            said[line] = run(*command, where=where)
    return Afternoon(folder, said, run)


def _make_it_ones_own(plugin: Path, site: Path) -> None:
    """Change the texts as the page says, in the sources and in what is installed."""
    for name, entries in files().items():
        if name.endswith(".po"):
            changed = with_entries((plugin / name).read_text("utf-8"), entries)
            (plugin / name).write_text(changed, "utf-8")
            (site / name.removeprefix("src/")).write_text(changed, "utf-8")


@pytest.mark.slow
def test_the_pages_commands_succeed(afternoon: Afternoon) -> None:
    """Every command of the page ends well; pytest is green as written, and with the page's own words."""
    assert {line: one.stdout + one.stderr for line, one in afternoon.said.items() if one.returncode} == {}
    assert len(afternoon.said) == 7
    for line in ("python -m pytest", "pytest, with the page's words"):
        assert re.search(r"2\d passed", afternoon.said[line].stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATED)
def test_the_pages_files_are_those_written(afternoon: Afternoon, name: str) -> None:
    """What the page shows is what the command writes, to the letter."""
    assert (afternoon.folder / "iban_end" / name).read_text("utf-8") == files()[name]


@pytest.mark.slow
def test_the_plugin_is_listed_and_loaded(afternoon: Afternoon) -> None:
    """`isoloir plugins --json` knows the new plugin: loaded, its version, its hook and what it registers."""
    listed = json.loads(afternoon.run("isoloir", "--instance", "demo", "plugins", "--json").stdout)["plugins"]
    (row,) = [one for one in listed if one["name"] == "iban_end"]
    assert row == {
        "name": "iban_end",
        "distribution": "isoloir-iban-end",
        "version": "0.1.0",
        "loaded": True,
        "contract_version": 1,
        "hooks": ["register_factors"],
        "registers": ["iban_end"],
    }


@pytest.mark.slow
def test_the_election_uses_it(afternoon: Afternoon) -> None:
    """The election file offers the new way in, and `election check` accepts it."""
    election = tomllib.loads((afternoon.folder / "election.toml").read_text("utf-8"))
    assert [branch["id"] for branch in election["policy"]["any"]] == ["password", "iban"]
    assert election["roll"]["fields"]["iban_end"]["secret"] is True


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("secret = true }", "secret = false }", "policy_too_weak"),
        ("attempts = 3", "attempts = 99", "iban"),
        ('plugin = "iban_end"', 'plugin = "iban_ends"', "iban_ends"),
    ],
    ids=["a field that is no secret", "a configuration out of bounds", "a plugin misspelt"],
)
def test_a_mistake_in_its_use_is_named(afternoon: Afternoon, old: str, new: str, code: str) -> None:
    """The twin: the same file with one mistake is refused, with its line and a remedy."""
    fragment = files()["election.toml"]
    assert fragment.count(old) == 1
    afternoon.run("isoloir", "election", "new", f"{code}.toml")
    path = afternoon.folder / f"{code}.toml"
    path.write_text(with_tables(path.read_text("utf-8"), fragment.replace(old, new)), "utf-8")
    refused = afternoon.run("isoloir", "--instance", "demo", "election", "check", path.name)
    assert refused.returncode == 1
    assert code in refused.stderr
    assert "→" in refused.stderr


def exact(owner: type, name: str) -> str:
    """Return `name(arguments)` as the page must write it."""
    return f"{name}({', '.join(one for one in inspect.signature(getattr(owner, name)).parameters if one != 'self')})"


def shape(kind: type) -> str:
    return f"{kind.__name__}({', '.join(one.name for one in dataclasses.fields(kind))})"


def test_every_hook_is_documented_with_its_arguments() -> None:
    """Each hook, and each method of what it registers, stands on the page with its exact arguments."""
    wanted = [f"`{exact(hooks.IsoloirHooks, hook)}`" for hook in HOOKS]
    for kind in HOOKS.values():
        own = [name for name, one in vars(kind).items() if inspect.isfunction(one) and not name.startswith("_")]
        wanted += [f"`{kind.__name__}.{exact(kind, name)}`" for name in own]
    assert len(wanted) == 14
    assert [one for one in wanted if one not in PAGE] == []


def test_every_event_step_and_answer_is_documented() -> None:
    """Each shape that a plugin gets or returns stands on the page with its exact fields."""
    shapes = [one for one in vars(hooks).values() if inspect.isclass(one) and dataclasses.is_dataclass(one)]
    told = {"Entry", "ContestView", "Message"}  # got, never made: their fields are in the contract itself
    assert [shape(one) for one in shapes if one.__name__ not in told and f"`{shape(one)}`" not in PAGE] == []
    assert f"`{exact_function(hooks.asked, 'asked')}`" in PAGE


def exact_function(function: Any, name: str) -> str:
    return f"{name}({', '.join(inspect.signature(function).parameters)})"


def members(protocol: type) -> dict[str, str]:
    """Return each member as the page must write it."""
    own = {name: one for name, one in vars(protocol).items() if not name.startswith("_")}
    return {
        name: exact(protocol, name) if inspect.isfunction(one) else name
        for name, one in own.items()
        if inspect.isfunction(one) or isinstance(one, property)
    }


def test_every_member_of_flow_is_documented() -> None:
    """Each member of `Flow`, and of its secrets and attempts, stands on the page with its exact arguments."""
    flow = members(hooks.Flow)
    assert len(flow) == 17
    assert [one for one in flow.values() if f"`flow.{one}`" not in PAGE] == []
    for protocol in (hooks.Secrets, hooks.ScopedSecrets, hooks.Attempts):
        assert [one for one in members(protocol).values() if f"`{one}`" not in PAGE] == []


def test_the_page_names_nothing_that_is_not_there() -> None:
    """The twin: every `flow.x` is a member of `Flow`, the tests named are the kit's, and the places the core's."""
    assert set(re.findall(r"(?<!run\.)\bflow\.([a-z_]+)", PAGE)) <= set(members(hooks.Flow))
    assert {f"{{{place}}}" for place in COMMON_PLACES} <= set(re.findall(r"`(\{[a-z]+\})`", PAGE))
    known = {name for contract in _contracts() for name in dir(contract) if name.startswith("test_")}
    own = set(re.findall(r"def (test_\w+)", PAGE)) | {"test_iban_end"}
    assert set(re.findall(r"\btest_[a-z_]+", PAGE)) - own == known


def _contracts() -> list[type]:
    return [
        testing.FactorContract,
        testing.EligibilityContract,
        testing.NotifierContract,
        testing.RollCheckContract,
    ]
