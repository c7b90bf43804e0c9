"""The contract of a factor as a test suite: subclass it, give `factor` and `honest`, and pytest runs all of it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from isoloir.hooks import (
    Asserted,
    Claim,
    Compared,
    Delivered,
    Event,
    Factor,
    Form,
    PluginConfig,
    Proved,
    Redirect,
    Refused,
    Return,
    Start,
    Step,
    Submit,
    Tick,
    Typed,
    Wait,
)
from isoloir.login.forms import fields_of
from isoloir.policy import LEVELS
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import ConfigContract, secret_values
from isoloir.testing.fakes import FakeVoter
from isoloir.testing.flow import FakeFlow
from isoloir.testing.run import ClaimsRefused, ContractBroken, FactorRun, HeldBack

_STEPS = 6
_FOREIGN = "foreign-6f1d"


class FactorContract(ConfigContract):
    """Subclass, and fill in the fixture `factor` and the method `honest`. The rest has defaults to override.

    ``package``: where ``locales/`` is (the factor's own top package by default). `config`: a configuration.
    `flow`: a fresh flow, for voters on the roll and for strangers; give it an http client where one is needed.
    `wrong`: a wrong but well-formed answer by field name.
    """

    package: str = ""
    wrong: Mapping[str, str] = {}

    @pytest.fixture
    def factor(self) -> Factor[Any]:
        """Return the factor under test."""
        raise NotImplementedError("give the fixture `factor`")

    @pytest.fixture
    def config(self, factor: Factor[Any]) -> PluginConfig:
        """Return a configuration of it."""
        made: PluginConfig = factor.config()
        return made

    @pytest.fixture
    def make_flow(self) -> Callable[..., FakeFlow]:
        """Return what makes a fresh flow; it is called with `FakeFlow`'s keyword arguments."""
        return FakeFlow

    async def honest(self, run: FactorRun) -> Step:
        """Go the whole way of an honest voter and return the last step, `Proved`."""
        raise NotImplementedError("write the honest voter's way: `honest`")

    # --- the way -----------------------------------------------------------------------------------------

    async def test_starts_with_a_step(self, factor: Any, config: Any, make_flow: Any) -> None:
        """On arrival a factor asks, sends away, waits or refuses: it never proves anything by itself."""
        step = await FactorRun(factor, config, make_flow()).start()
        assert not isinstance(step, Proved), "proved before anybody did anything"

    async def test_honest_voter_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """The honest way ends in `Proved`, and every step of it is one that the engine accepts."""
        run = FactorRun(factor, config, make_flow())
        step = await self.honest(run)
        assert isinstance(step, Proved), f"the honest way ended in {type(step).__name__}"

    async def test_state_is_json(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Another worker can go on: each event is answered alike from the state read back from JSON."""
        run = FactorRun(factor, config, make_flow())
        await self.honest(run)
        for step in run.steps:
            if isinstance(step, Form | Redirect | Wait):
                assert json.loads(json.dumps(dict(step.state), allow_nan=False)) == dict(step.state)

    def test_declares_how_it_vouches(self, factor: Any, config: Any) -> None:
        """A factor declares at least one claim, each with a known vouching."""
        declared = factor.vouches(config)
        assert declared, "a factor that proves nothing is of no use"
        for name, by in declared.items():
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name), f"{name!r} is no claim's name"
            assert isinstance(by, Asserted | Delivered | Compared | Typed), f"{name}: {by!r} is no vouching"
            assert not isinstance(by, Asserted) or by.level in LEVELS, f"{name}: unknown level"

    async def test_claims_only_as_declared(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Nothing is claimed but what is declared, in the way declared, with a value."""
        run = FactorRun(factor, config, make_flow())
        step = await self.honest(run)
        assert isinstance(step, Proved)
        assert set(step.claims) <= set(factor.vouches(config))

    # --- what never proves -------------------------------------------------------------------------------

    async def test_empty_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Empty forms and a return without parameters prove nothing, and nothing breaks."""
        run = FactorRun(factor, config, make_flow())
        step = await run.start()
        for _ in range(_STEPS):
            if isinstance(step, Form):
                step = await run.submit()
            elif isinstance(step, Redirect):
                step = await run.advance(Return({}))
            elif isinstance(step, Wait):
                step = await run.tick()
            assert not isinstance(step, Proved), "empty input proved something"

    async def test_wrong_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Well-formed but wrong answers prove nothing, however often they are given."""
        run = FactorRun(factor, config, make_flow())
        await self._probe(run)
        assert not any(isinstance(step, Proved) for step in run.steps), "a wrong answer proved something"

    async def test_replayed_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """What was delivered or asserted proves once: the same last event again is refused."""
        run = FactorRun(factor, config, make_flow())
        await self.honest(run)
        if self._once(factor, config):
            await self._never_proves(run, run.events[-1], "the same event proved twice")

    async def test_expired_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """What was delivered or asserted proves for a while: the last event a day later is refused."""
        if not self._once(factor, config):
            return
        first = FactorRun(factor, config, make_flow())
        await self.honest(first)
        run = FactorRun(factor, config, make_flow())
        run.hold_back = len(first.events)
        with pytest.raises(HeldBack) as held:
            await self.honest(run)
        run.hold_back = None
        run.flow.clock.advance(timedelta(days=1))
        await self._never_proves(run, held.value.event, "an answer of yesterday proved something")

    async def test_foreign_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """State and last event of one voter prove nothing in the flow of another, nor do unasked events."""
        run = FactorRun(factor, config, make_flow())
        await self.honest(run)
        others = FakeVoter(
            dict.fromkeys(run.flow.voter.fields, _FOREIGN) if run.flow.voter else {},
            run.flow.voter.normalisers if run.flow.voter else {},
            email="other@example.org",
            mobile="0698765432",
            handle="entry-foreign",
        )
        for entry in (others, None):
            other = FactorRun(factor, config, make_flow(entry=entry, election="another-election"))
            other.flow.state = dict(run.states[-1])
            await self._never_proves(other, run.events[-1], "another voter's answer proved something")
        for event in (Tick(), Return({"state": _FOREIGN, "code": _FOREIGN}), Start()):
            fresh = FactorRun(factor, config, make_flow())
            await self._never_proves(fresh, event, "an unasked event")

    async def test_contradictory_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """A claim that another factor proved is neither repeated as one's own nor overruled."""
        for name in factor.vouches(config):
            planted = Claim(_FOREIGN, Compared())
            run = FactorRun(factor, config, make_flow(claims={name: planted}))
            try:
                step = await self.honest(run)
            except ClaimsRefused:
                continue  # the engine refuses it: never overruled
            except ContractBroken:
                raise
            except AssertionError:
                continue  # the honest way does not lead through here
            if isinstance(step, Proved) and name in step.claims:
                assert step.claims[name].value != _FOREIGN, f"{name} was taken over from another factor"

    # --- nobody learns who is on the roll ----------------------------------------------------------------

    async def test_stranger_never_proves_what_the_roll_must_confirm(
        self, factor: Any, config: Any, make_flow: Any
    ) -> None:
        """Without a roll entry nothing compared, and nothing delivered, is ever proved."""
        run = FactorRun(factor, config, make_flow(entry=None))
        step = await self._try(run)
        if isinstance(step, Proved):
            for name, claim in step.claims.items():
                assert isinstance(claim.by, Asserted | Typed), f"{name} was proved for somebody not on the roll"

    async def test_voter_and_stranger_look_alike(self, factor: Any, config: Any, make_flow: Any) -> None:
        """The same wrong answers lead a voter and a stranger down the same path: forms, errors, refusals, places."""
        seen = []
        for flow in (make_flow(), make_flow(entry=None)):
            run = FactorRun(factor, config, flow)
            await self._probe(run)
            seen.append([_outside(step) for step in run.steps])
        assert seen[0] == seen[1], "somebody outside can tell who is on the roll"

    # --- words -------------------------------------------------------------------------------------------

    def test_forms_have_texts(self, factor: Any) -> None:
        """Each form has a title, each field a label and a hint, in French and in English."""
        found = kit_texts.missing(kit_texts.texts_of(self._package(factor)), kit_texts.form_identifiers(factor))
        assert found == []

    async def test_refusals_have_stable_codes_and_texts(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Each refusal and field error, seen or written in the sources, has its sentence in both languages."""
        package = self._package(factor)
        texts = kit_texts.texts_of(package)
        refused, errors = kit_texts.literal_codes(package, frozenset({"Refused"})), set[str]()
        problems = kit_texts.literal_codes(package, frozenset({"Problem"}))
        async for run in self._ways(factor, config, make_flow):
            errors.update(run.field_errors)
            for step in run.steps:
                if isinstance(step, Refused):
                    refused.add(step.code)
                if isinstance(step, Form):
                    errors.update(step.errors.values())
        assert [code for code in refused | errors | problems if not kit_texts.well_formed(code)] == []
        wanted = [*kit_texts.refusal_identifiers(refused | problems), *(f"error.{code}" for code in errors)]
        assert kit_texts.missing(texts, wanted) == []

    async def test_messages_have_texts(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Each message sent and each wait shown has its text in both languages, and its places are filled."""
        texts = kit_texts.texts_of(self._package(factor))
        wanted: set[str] = set()
        async for run in self._ways(factor, config, make_flow):
            for message in (*run.flow.sent, *run.flow.discarded):
                wanted.add(f"template.{message.template}")
                if message.to.channel != "sms":
                    wanted.add(f"template.{message.template}.subject")
            wanted.update(step.message for step in run.steps if isinstance(step, Wait))
        assert kit_texts.missing(texts, wanted) == []

    # --- secrets -----------------------------------------------------------------------------------------

    async def test_no_secret_in_logs_or_steps(
        self, factor: Any, config: Any, make_flow: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No secret of the configuration, nothing typed, nothing sent is logged or shown by a step's repr."""
        caplog.set_level(logging.DEBUG)
        async for run in self._ways(factor, config, make_flow):
            secrets = {*secret_values(config), *_typed(run), *_delivered(run), run.flow.token}
            logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
            shown = "".join(repr(step) for step in run.steps if isinstance(step, Refused | Redirect))
            for secret in secrets:
                assert secret not in logged, "a secret was logged"
                assert secret not in shown, "a refusal or redirection prints a secret"

    async def test_connection_test_finds_or_not(self, factor: Any, config: Any) -> None:
        """`check` answers with problems that have codes, whatever the provider does; it does not raise."""
        problems = await factor.check(config)
        assert isinstance(problems, list)
        assert all(kit_texts.well_formed(problem.code) for problem in problems)

    # --- helpers -----------------------------------------------------------------------------------------

    def _package(self, factor: Factor[Any]) -> str:
        return self.package or type(factor).__module__.partition(".")[0]

    def _once(self, factor: Factor[Any], config: PluginConfig) -> bool:
        return any(isinstance(by, Asserted | Delivered) for by in factor.vouches(config).values())

    async def _try(self, run: FactorRun) -> Step | None:
        """Go the honest way as far as it leads in a flow where it may not lead to the end."""
        try:
            return await self.honest(run)
        except ContractBroken:
            raise
        except AssertionError:
            return run.step  # the honest way does not lead through here

    async def _ways(self, factor: Any, config: Any, make_flow: Any) -> AsyncIterator[FactorRun]:
        """Yield finished runs: honest, wrong, a stranger's honest and wrong ones."""
        for entry in (True, None):
            run = FactorRun(factor, config, make_flow(**({} if entry else {"entry": None})))
            await self._try(run)
            yield run
            run = FactorRun(factor, config, make_flow(**({} if entry else {"entry": None})))
            await self._probe(run)
            yield run

    async def _probe(self, run: FactorRun) -> None:
        """Answer every step wrongly but well-formed."""
        step = await run.start()
        for _ in range(_STEPS):
            if isinstance(step, Form):
                step = await run.submit(**self._wrong_answers(step))
            elif isinstance(step, Redirect):
                step = await run.advance(Return({**step.returns_with, "code": _FOREIGN}))
            elif isinstance(step, Wait):
                step = await run.tick()
            else:
                return

    def _wrong_answers(self, step: Form) -> dict[str, str]:
        by_input = {"tel": "0687654321", "email": "nobody@example.org"}
        answers = {}
        for spec in fields_of(step.model):
            plain = "7" * min(8, spec.max_length) if spec.inputmode == "numeric" else "ZZ77ZZ77"[: spec.max_length]
            answers[spec.name] = self.wrong.get(spec.name, by_input.get(spec.input, plain))
        return answers

    async def _never_proves(self, run: FactorRun, event: Event, what: str) -> None:
        """Let the factor refuse, ask again, or raise (which refuses): anything but prove."""
        try:
            step = await run.advance(event)
        except ContractBroken:
            raise
        except Exception:  # the engine refuses the voter whatever is raised
            return
        assert not isinstance(step, Proved), what


def _outside(step: Step) -> tuple[Any, ...]:
    """What somebody outside sees of a step, random parts aside."""
    match step:
        case Form():
            also = tuple(model.__name__ for model in step.also)
            return ("form", step.model.__name__, dict(step.errors), sorted(step.values), also)
        case Redirect():
            return ("redirect", step.url.partition("?")[0], sorted(step.returns_with))
        case Wait():
            return ("wait", step.seconds, step.message, sorted(step.values))
        case Refused():
            return ("refused", step.code, sorted(step.values))
        case Proved():
            return ("proved", sorted(step.claims))


def _typed(run: FactorRun) -> Iterator[str]:
    for event in run.events:
        if isinstance(event, Submit):
            yield from (str(value) for value in vars(event.form).values() if len(str(value)) >= 4)
        elif isinstance(event, Return):
            yield from (value for value in event.params.values() if len(value) >= 8)


def _delivered(run: FactorRun) -> Iterator[str]:
    for message in (*run.flow.sent, *run.flow.discarded):
        yield from (value for value in message.values.values() if len(value) >= 6 and value.isalnum())
        if len(message.address) >= 4:
            yield message.address
