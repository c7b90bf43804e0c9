"""The plugin set: allow-listed plugins alone, and every breach of the contract named."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from isoloir.errors import IsoloirError
from isoloir.hooks import (
    Accepted,
    ClaimName,
    Event,
    Factor,
    Flow,
    IsoloirHooks,
    Message,
    NoConfig,
    Notifier,
    Refused,
    Step,
    Vouching,
    hookimpl,
)
from isoloir.plugin_set import HOOKS, PluginSet, installed


class Asking(Factor[NoConfig]):
    name = "asking"
    config = NoConfig

    def vouches(self, config: NoConfig) -> Mapping[ClaimName, Vouching]:
        return {}

    async def advance(self, config: NoConfig, flow: Flow, event: Event) -> Step:
        return Refused("never")


class Carrying(Notifier[NoConfig]):
    name = "carrying"
    config = NoConfig
    channels = frozenset({"sms"})

    async def send(self, config: NoConfig, message: Message) -> Accepted:
        return Accepted("1")


class Good:
    @hookimpl
    def register_factors(self) -> list[Factor[Any]]:
        return [Asking()]


class Other:
    @hookimpl
    def register_notifiers(self) -> list[Notifier[Any]]:
        return [Carrying()]


def refusal(make: Callable[[], object]) -> IsoloirError:
    """Return the refusal that making the set ends in."""
    with pytest.raises(IsoloirError) as caught:
        make()
    return caught.value


def test_what_plugins_register_is_found_by_name() -> None:
    """Every kind of object is found under its own name, and each plugin's hooks are known."""
    plugins = PluginSet.of(Good(), Other())
    assert list(plugins.factors) == ["asking"]
    assert list(plugins.notifiers) == ["carrying"]
    assert plugins.eligibility == {}
    assert plugins.roll_checks == {}
    assert [(one.name, one.hooks, one.registers) for one in plugins.loaded] == [
        ("Good", ("register_factors",), ("asking",)),
        ("Other", ("register_notifiers",), ("carrying",)),
    ]


def test_order_carries_no_meaning() -> None:
    """The same plugins in another order make the same set."""
    one, other = PluginSet.of(Good(), Other()), PluginSet.of(Other(), Good())
    assert one.loaded == other.loaded
    assert list(one.versions) == list(other.versions) == ["Good", "Other"]


def test_the_same_name_twice_stops_the_start() -> None:
    """Two plugins that register one name are refused, and both are named."""

    class Copy:
        @hookimpl
        def register_factors(self) -> list[Factor[Any]]:
            return [Asking()]

    error = refusal(lambda: PluginSet.of(Good(), Copy()))
    assert error.code == "plugin_name_twice"
    assert error.where["name"] == "asking"
    assert error.where["plugins"] == "Copy, Good"
    assert error.where["hook"] == "register_factors"


def test_one_name_for_a_factor_and_a_check_is_no_duplicate() -> None:
    """A plugin may register a factor and something of another kind under one name."""

    class Carrier(Carrying):
        name = "asking"

    class Both(Good):
        @hookimpl
        def register_notifiers(self) -> list[Notifier[Any]]:
            return [Carrier()]

    plugins = PluginSet.of(Both())
    assert list(plugins.factors) == list(plugins.notifiers) == ["asking"]


def test_a_misspelt_hook_is_an_error() -> None:
    """A hook that does not exist is refused by plugin and hook, with the name that was probably meant."""

    class Misspelt:
        @hookimpl
        def register_factor(self) -> list[Factor[Any]]:
            return []

    error = refusal(lambda: PluginSet.of(Misspelt()))
    assert error.code == "plugin_hook_unknown"
    assert error.where == {"plugin": "Misspelt", "hook": "register_factor", "near": "register_factors"}


def test_a_hook_without_its_mark_is_an_error() -> None:
    """A function named like a hook but not marked would be passed over in silence: it is refused."""

    class Unmarked:
        def register_factors(self) -> list[Factor[Any]]:
            return []

    assert refusal(lambda: PluginSet.of(Unmarked())).code == "plugin_hook_unmarked"


def _with_argument() -> object:
    class Wrong:
        @hookimpl
        def register_factors(self, election: str) -> list[Factor[Any]]:
            return []

    return Wrong()


def _asynchronous() -> object:
    class Wrong:
        @hookimpl
        async def register_factors(self) -> list[Factor[Any]]:
            return []

    return Wrong()


@pytest.mark.parametrize(
    ("make", "found"),
    [(_with_argument, "def register_factors(election)"), (_asynchronous, "async def register_factors()")],
)
def test_a_wrong_signature_shows_both(make: Callable[[], object], found: str) -> None:
    """A hook of another signature is refused, with the plugin, the hook, its signature and the one expected."""
    error = refusal(lambda: PluginSet.of(make()))
    assert error.code == "plugin_hook_signature"
    assert error.where == {
        "plugin": "Wrong",
        "hook": "register_factors",
        "found": found,
        "expected": "def register_factors() -> list[Factor]",
    }


def _returns(value: object) -> object:
    class Returning:
        @hookimpl
        def register_factors(self) -> Any:
            return value

    return Returning()


class _Nameless(Asking):
    name = "No Name"


class _Unconfigured(Asking):
    config = dict  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "plugin_hook_returns"),
        ((Asking(),), "plugin_hook_returns"),
        ([Asking], "plugin_hook_returns"),
        ([Carrying()], "plugin_hook_returns"),
        ([_Nameless()], "plugin_object_name"),
        ([_Unconfigured()], "plugin_object_config"),
        ([Asking(), Asking()], "plugin_name_twice"),
    ],
    ids=["nothing", "a tuple", "a class", "another kind", "no usable name", "no configuration", "one name twice"],
)
def test_what_a_hook_returns_is_checked(value: object, code: str) -> None:
    """A hook returns a list of well-named, configurable objects of its own kind, or is refused by plugin and hook."""
    error = refusal(lambda: PluginSet.of(_returns(value)))
    assert (error.code, error.where["plugin"], error.where["hook"]) == (code, "Returning", "register_factors")


def test_a_hook_that_raises_is_named_and_loses_no_secret() -> None:
    """An exception in a hook stops the start by plugin and hook; its text is not passed on."""

    class Raising:
        @hookimpl
        def register_factors(self) -> list[Factor[Any]]:
            raise RuntimeError("hunter2")

    error = refusal(lambda: PluginSet.of(Good(), Raising()))
    assert error.where == {"plugin": "Raising", "hook": "register_factors", "error": "RuntimeError"}
    assert "hunter2" not in str(error)


def test_another_contract_version_is_refused() -> None:
    """A plugin of another version of the contract is refused with both versions; of this one, it is loaded."""

    class Future(Good):
        contract_version = 2

    class Present(Good):
        contract_version = 1

    error = refusal(lambda: PluginSet.of(Future()))
    assert error.code == "plugin_contract"
    assert (error.where["found"], error.where["expected"]) == (2, 1)
    assert "asking" in PluginSet.of(Present()).factors


# --- what is installed -----------------------------------------------------------------------------------

MODULE = """
from isoloir.hooks import hookimpl
{version}
@hookimpl
def register_factors():
    return []
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that installs a plugin's module and distribution for the time of a test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, distribution: str, body: str, texts: str = "") -> None:
        package = tmp_path / f"isoloir_{name}_probe"
        package.mkdir(exist_ok=True)
        (package / "__init__.py").write_text(body)
        if texts:
            folder = package / "locales" / "fr" / "LC_MESSAGES"
            folder.mkdir(parents=True)
            (folder / f"{name}.po").write_text(f'msgid "form.X.title"\nmsgstr "{texts}"\n')
        monkeypatch.delitem(sys.modules, package.name, raising=False)
        info = tmp_path / f"{distribution.replace('-', '_')}-3.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 3.1\n")
        (info / "entry_points.txt").write_text(f"[isoloir.plugins]\n{name} = isoloir_{name}_probe\n")
        importlib.invalidate_caches()

    return make


def test_only_allowed_plugins_are_imported(install: Callable[..., None]) -> None:
    """A plugin that is allowed is loaded, with its version; one that is installed but not allowed is not imported."""
    install("tame", "tame-plugin", MODULE.format(version="contract_version = 1"), texts="Bonjour")
    install("wild", "wild-plugin", "raise SystemExit('imported')")
    plugins = PluginSet.load(["tame"])
    assert plugins.versions == {"tame": "3.1"}
    assert plugins.distributions["tame"].name == "tame-plugin"
    assert plugins.catalogue["fr"]["form.X.title"] == "Bonjour"
    assert "isoloir_wild_probe" not in sys.modules
    assert {"tame", "wild"} <= {point.name for point in installed()}


def test_a_plugin_that_is_not_installed_is_named(install: Callable[..., None]) -> None:
    """A name of the allow-list that nothing bears stops the start, with the close one that exists."""
    install("tame", "tame-plugin", MODULE.format(version="contract_version = 1"))
    error = refusal(lambda: PluginSet.load(["tamme"]))
    assert (error.code, error.where["plugin"], error.where["near"]) == ("plugin_missing", "tamme", "tame")


def test_two_distributions_under_one_name_are_refused(install: Callable[..., None]) -> None:
    """Nobody can slip another plugin in under an allowed name: both distributions are named."""
    install("tame", "tame-plugin", MODULE.format(version="contract_version = 1"))
    install("tame", "tame-impostor", MODULE.format(version="contract_version = 1"))
    error = refusal(lambda: PluginSet.load(["tame"]))
    assert error.where == {"plugin": "tame", "distributions": "tame-impostor, tame-plugin"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("import nothing_of_that_name", "plugin_import"),
        ("this is no python", "plugin_import"),
        (MODULE.format(version=""), "plugin_contract"),
        (MODULE.format(version="contract_version = True"), "plugin_contract"),
        (MODULE.format(version="contract_version = '1'"), "plugin_contract"),
    ],
)
def test_an_installed_plugin_that_is_broken_is_named(install: Callable[..., None], body: str, code: str) -> None:
    """A plugin that does not import, or does not say which contract it follows, is refused by its name."""
    name = f"broken{abs(hash(body))}"
    install(name, "broken-plugin", body)
    error = refusal(lambda: PluginSet.load([name]))
    assert (error.code, error.where["plugin"]) == (code, name)


def test_two_plugins_never_fight_over_a_text(install: Callable[..., None]) -> None:
    """One identifier with two texts is refused, since no order would be right; the same text twice is none."""
    body = MODULE.format(version="contract_version = 1")
    install("left", "left-plugin", body, texts="Un")
    install("right", "right-plugin", body, texts="Deux")
    install("same", "same-plugin", body, texts="Un")
    error = refusal(lambda: PluginSet.load(["left", "right"]))
    assert error.where == {"plugin": "right", "other": "left", "text": "form.X.title"}
    assert PluginSet.load(["left", "same"]).catalogue["fr"]["form.X.title"] == "Un"


def test_a_plugin_brings_texts_and_code_of_what_it_builds_on(install: Callable[..., None]) -> None:
    """The base's texts are read and its distribution is there to be sealed; what it registers is not loaded."""
    install("ground", "ground-plugin", MODULE.format(version="contract_version = 1"), texts="Bonjour")
    body = MODULE.format(version="contract_version = 1\nbuilds_on = ('ground',)")
    install("tower", "tower-plugin", body)
    install("alone", "alone-plugin", MODULE.format(version="contract_version = 1"))
    plugins = PluginSet.load(["tower"])
    assert plugins.catalogue["fr"]["form.X.title"] == "Bonjour"
    assert {name: found.name for name, found in plugins.distributions.items()} == {
        "tower": "tower-plugin", "ground": "ground-plugin",
    }  # fmt: skip
    assert [one.name for one in plugins.loaded] == ["tower"]
    assert set(plugins.versions) == {"tower"}
    assert set(PluginSet.load(["alone"]).distributions) == {"alone"}


def test_what_a_plugin_builds_on_must_be_there(install: Callable[..., None]) -> None:
    """A base that is not installed stops the start by its name, and so does one that another wants to stand for."""
    install("tower2", "tower-plugin", MODULE.format(version="contract_version = 1\nbuilds_on = ('nowhere',)"))
    assert refusal(lambda: PluginSet.load(["tower2"])).where["plugin"] == "nowhere"
    install("ground2", "ground-plugin", MODULE.format(version="contract_version = 1"))
    install("ground2", "ground-impostor", MODULE.format(version="contract_version = 1"))
    install("tower3", "tower-three", MODULE.format(version="contract_version = 1\nbuilds_on = ('ground2',)"))
    assert refusal(lambda: PluginSet.load(["tower3"])).code == "plugin_twice"


def test_every_hook_of_the_contract_is_known() -> None:
    """The set knows every hook that the contract declares, and no other."""
    declared = {name for name in vars(IsoloirHooks) if name.startswith("register_")}
    assert set(HOOKS) == declared
