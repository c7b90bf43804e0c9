"""The contract of a factor as a test suite: subclass it, give `factor` and `honest`, and pytest runs all of it."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
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
from isoloir.testing import outside
from isoloir.testing import texts as kit_texts
from isoloir.testing.config_contract import SECRET_NAME, ConfigContract, given_config, quiet, secret_values
from isoloir.testing.fakes import FakeVoter
from isoloir.testing.flow import FakeFlow
from isoloir.testing.promises import ContractBroken, contract, default_config, given, misused, nothing, promise
from isoloir.testing.run import ClaimsRefused, FactorRaised, FactorRun, HeldBack, check_leaving

_STEPS = 6
_FOREIGN = "foreign-6f1d"
_WRITE_TEXTS = "write them into locales/fr and locales/en, with the same {places}"
_REFUSE = "answer with the form and an error, or with Refused(code)"


@contract
class FactorContract(ConfigContract):
    """Subclass, and fill in the fixture `factor` and the method `honest`. The rest has defaults to override.

    ``package``: where ``locales/`` is (the factor's own top package by default). `config`: a configuration.
    `make_flow`: makes a fresh flow, for voters on the roll and for strangers; give it an http client where one is
    needed. `wrong`: a wrong but well-formed answer by field name. `free`: fields that any well-formed answer suits.
    """

    subject = "factor"

    wrong: Mapping[str, str] = {}
    free: frozenset[str] = frozenset()

    @pytest.fixture
    def factor(self) -> Factor[Any]:
        """Return the factor under test."""
        misused("write the fixture `factor`; it returns the factor under test.")

    @pytest.fixture
    def config(self, factor: Factor[Any]) -> PluginConfig:
        """Return a configuration of it."""
        given("factor", factor, Factor)
        return default_config(factor.config)

    @pytest.fixture
    def make_flow(self) -> Callable[..., FakeFlow]:
        """Return what makes a fresh flow; it is called with `FakeFlow`'s keyword arguments."""
        return FakeFlow

    async def honest(self, run: FactorRun) -> Step:
        """Go the whole way of an honest voter and return the last step, `Proved`."""
        misused(
            "write the method `async def honest(self, run)`: `await run.start()`, then `return await run.submit(…)`."
        )

    @pytest.fixture(autouse=True)
    def _given(self, factor: Any, config: Any) -> None:
        given("factor", factor, Factor)
        given_config(config, factor.config)

    # --- the way -----------------------------------------------------------------------------------------

    async def test_starts_with_a_step(self, factor: Any, config: Any, make_flow: Any) -> None:
        """On arrival a factor asks, sends away, waits or refuses: it never proves anything by itself."""
        step = await FactorRun(factor, config, make_flow()).start()
        promise(
            not isinstance(step, Proved),
            "proved before anybody did anything",
            "answer Start with a Form, a Redirect, a Wait or a Refused",
        )

    async def test_honest_voter_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """The honest way ends in `Proved`, and every step of it is one that the engine accepts."""
        await self._proved(FactorRun(factor, config, make_flow()))

    async def test_state_is_json(self, factor: Any, config: Any, make_flow: Any) -> None:
        """What a step leaves as state comes back from JSON as it was, on every way."""
        async for run in self._ways(factor, config, make_flow):
            assert all(isinstance(step, Form | Redirect | Wait | Proved | Refused) for step in run.steps)

    async def test_another_worker_can_go_on(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Each event may reach another worker, or the same after a restart: nothing is kept in the factor."""
        run = FactorRun(factor, config, make_flow())
        run.workers = True
        run.another_worker()
        try:
            step: Step | None = await self.honest(run)
        except (AssertionError, LookupError):
            step = None
        promise(
            isinstance(step, Proved),
            "the honest way fails where each event reaches another worker: the factor keeps something in itself",
            "keep it in the step's `state` (JSON) or in flow.secrets, which all workers share",
        )

    def test_declares_how_it_vouches(self, factor: Any, config: Any) -> None:
        """A factor has a name, and declares at least one claim, each with a known vouching."""
        promise(
            isinstance(getattr(factor, "name", None), str) and re.fullmatch(r"[a-z][a-z0-9_]*", factor.name),
            "the factor has no name that an election file can use",
            'write name = "your_factor": lower case, digits, underscores',
        )
        declared = factor.vouches(config)
        promise(declared, "vouches() declares nothing: a factor that proves nothing is of no use", "declare a claim")
        for name, by in declared.items():
            promise(
                re.fullmatch(r"[a-z][a-z0-9_]*", name),
                f"{name!r} is no claim's name",
                "use the roll field's name, or a name of lower case, digits and underscores",
            )
            promise(
                isinstance(by, Asserted | Delivered | Compared | Typed),
                f"{name}: {by!r} is no vouching",
                "declare Asserted(level), Delivered(channel), Compared() or Typed()",
            )
            promise(
                not isinstance(by, Asserted) or by.level in LEVELS,
                f"{name}: unknown level of assurance",
                f"use one of {', '.join(LEVELS)}",
            )

    async def test_claims_only_as_declared(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Nothing is claimed but what is declared, in the way declared, with a value: the run refuses the rest."""
        step = await self._proved(FactorRun(factor, config, make_flow()))
        assert set(step.claims) <= set(factor.vouches(config))

    # --- what never proves -------------------------------------------------------------------------------

    async def test_empty_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """At each step of the way, empty forms and a return without parameters prove nothing, and nothing breaks."""
        async for run in self._halfway(factor, config, make_flow):
            await self._go_on(run, lambda form: {}, lambda redirect: {})
            _proves_nothing(run, "empty input proved something", _REFUSE)

    async def test_wrong_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """At each step of the way, well-formed but wrong answers prove nothing, however often they are given."""
        async for run in self._halfway(factor, config, make_flow):
            await self._wrongly(run)
            _proves_nothing(run, "a wrong answer proved something", "compare the whole value, and " + _REFUSE)

    async def test_one_wrong_answer_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """One wrong answer among right ones proves nothing: each is compared, not only the last.

        A field that any well-formed answer suits (a mobile that the voter chooses) is named in `free`.
        """
        whole = FactorRun(factor, config, make_flow())
        await self._proved(whole)
        for number, event in enumerate(whole.events, 1):
            asked = set(type(event.form).model_fields) - self.free if isinstance(event, Submit) else set[str]()
            if not asked and not isinstance(event, Return):
                continue
            run = FactorRun(factor, config, make_flow())
            run.spoil, run.spoiled = number, self._spoiled
            step = await self._try(run)
            promise(
                not isinstance(step, Proved),
                f"the way proved something although one answer of it was wrong: {_named(asked)}",
                "compare every answer; name in `free` of the suite a field that any well-formed answer suits",
            )

    async def test_replayed_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """What was delivered or asserted proves once: the same last event again is refused."""
        run = FactorRun(factor, config, make_flow())
        await self._proved(run)
        if self._once(factor, config):
            await self._never_proves(
                run,
                run.events[-1],
                "the same answer proved twice",
                "use a one-time secret up: `if not await flow.secrets.delete_if(name, value)`, refuse",
            )

    async def test_expired_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """What was delivered or asserted proves for a while: the last event a day later is refused."""
        if not self._once(factor, config):
            return
        first = FactorRun(factor, config, make_flow())
        await self._proved(first)
        run = await self._held(FactorRun(factor, config, make_flow()), len(first.events))
        run.flow.clock.advance(timedelta(days=1))
        assert run.withheld is not None
        await self._never_proves(
            run,
            run.withheld,
            "an answer of yesterday proved something",
            "keep the secret in flow.secrets with a life of minutes, and ask flow.clock for the time",
        )

    async def test_foreign_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """State and last event of one voter prove nothing in the flow of another, nor do unasked events."""
        run = FactorRun(factor, config, make_flow())
        await self._proved(run)
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
            await self._never_proves(
                other,
                run.events[-1],
                "another voter's answer proved something",
                "compare by flow.matches or with flow.secrets, which belong to this voter and this login",
            )
        for event in (Tick(), Return({"state": _FOREIGN, "code": _FOREIGN}), Start()):
            fresh = FactorRun(factor, config, make_flow())
            await self._never_proves(
                fresh,
                event,
                f"a {type(event).__name__} that nobody had asked for proved something",
                "answer an event that does not fit the state as you answer Start",
            )

    async def test_contradictory_input_never_proves(self, factor: Any, config: Any, make_flow: Any) -> None:
        """A claim that another factor proved is neither repeated as one's own nor overruled."""
        for name in factor.vouches(config):
            planted = Claim(_FOREIGN, Compared())
            run = FactorRun(factor, config, make_flow(claims={name: planted}))
            try:
                step = await self._try(run)
            except ClaimsRefused:
                continue  # the engine refuses it: never overruled
            if isinstance(step, Proved) and name in step.claims:
                promise(
                    step.claims[name].value != _FOREIGN,
                    f"{name} was taken over from another factor",
                    "claim only what this factor has found out itself",
                )

    # --- nobody learns who is on the roll ----------------------------------------------------------------

    async def test_stranger_never_proves_what_the_roll_must_confirm(
        self, factor: Any, config: Any, make_flow: Any
    ) -> None:
        """Without a roll entry nothing compared, and nothing delivered, is ever proved."""
        run = FactorRun(factor, config, make_flow(entry=None))
        step = await self._try(run)
        if isinstance(step, Proved):
            for name, claim in step.claims.items():
                promise(
                    isinstance(claim.by, Asserted | Typed),
                    f"{name} was proved for somebody who is not on the roll",
                    "flow.matches is false without an entry: prove nothing that it did not confirm",
                )

    async def test_voter_and_stranger_look_alike(self, factor: Any, config: Any, make_flow: Any) -> None:
        """The same wrong answers lead a voter and a stranger down the same path: forms, errors, numbers, counters."""
        runs = []
        for flow in (make_flow(), make_flow(entry=None)):
            run = FactorRun(factor, config, flow)
            await self._wrongly(run)
            runs.append(run)
        for told in (outside.path, outside.counted, outside.messages):
            voter, stranger = (told(run) for run in runs)
            promise(
                voter == stranger,
                f"somebody outside can tell who is on the roll: a voter gets {voter}, a stranger {stranger}",
                "take the same steps without an entry: same form, same errors and numbers, the miss counted"
                " (subject: flow.entry, or what was typed), the message asked for all the same",
            )

    # --- words -------------------------------------------------------------------------------------------

    def test_forms_can_be_drawn(self, factor: Any) -> None:
        """Each form is a FactorForm of `asked()` fields, names are unique, and a password is never shown again."""
        nothing(
            outside.undrawable_forms(factor.forms), "a form cannot be drawn", "derive from FactorForm, use asked()"
        )
        for form in factor.forms:
            for spec in fields_of(form):
                promise(
                    not (spec.keep and (spec.input == "password" or SECRET_NAME.search(spec.name))),
                    f"{form.__name__}.{spec.name} is a secret, and would be shown again after a mistake",
                    "declare it with asked(keep=False)",
                )

    def test_forms_have_texts(self, factor: Any) -> None:
        """Each form has a title, each field a label and a hint, in French and in English."""
        found = kit_texts.missing(kit_texts.texts_of(self._package(factor)), kit_texts.form_identifiers(factor))
        nothing(found, "texts of a form are missing", _WRITE_TEXTS)

    async def test_refusals_have_stable_codes_and_texts(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Each refusal and field error, seen or written in the sources, has its sentence in both languages."""
        package = self._package(factor)
        texts = kit_texts.texts_of(package)
        refused = kit_texts.literal_codes(package, frozenset({"Refused", "Problem", "PydanticCustomError"}))
        errors = kit_texts.literal_errors(package)
        unfilled: list[str] = []
        async for run in self._ways(factor, config, make_flow):
            errors.update(run.field_errors)
            for step in run.steps:
                if isinstance(step, Refused):
                    refused.add(step.code)
                    for identifier in kit_texts.refusal_identifiers([step.code]):
                        unfilled += kit_texts.unfilled(texts, identifier, step.values)
                if isinstance(step, Form):
                    errors.update(step.errors.values())
                    for code in step.errors.values():
                        unfilled += kit_texts.unfilled(texts, f"error.{code}", step.values)
        nothing(
            {repr(code) for code in refused | errors if not kit_texts.well_formed(code)},
            "a code is not stable",
            "use lower case and underscores, at most 64 characters; what changes goes into `values`",
        )
        wanted = [*kit_texts.refusal_identifiers(refused), *(f"error.{code}" for code in errors)]
        nothing(kit_texts.missing(texts, wanted), "texts of a refusal are missing", _WRITE_TEXTS)
        nothing(unfilled, "a refusal's text has places that nothing fills", "give them in `values` of the step")

    async def test_messages_have_texts(self, factor: Any, config: Any, make_flow: Any) -> None:
        """Each message sent and each wait shown has its text in both languages, and its places are filled."""
        texts = kit_texts.texts_of(self._package(factor))
        wanted: dict[str, Mapping[str, str]] = {}
        async for run in self._ways(factor, config, make_flow):
            for message in (*run.flow.sent, *run.flow.discarded):
                wanted[f"template.{message.template}"] = message.values
                if message.to.channel != "sms":
                    wanted[f"template.{message.template}.subject"] = message.values
            wanted |= {step.message: step.values for step in run.steps if isinstance(step, Wait)}
        nothing(kit_texts.missing(texts, wanted), "texts of a message are missing", _WRITE_TEXTS)
        nothing(
            [
                fault
                for identifier, values in wanted.items()
                for fault in kit_texts.unfilled(texts, identifier, values)
            ],
            "a message's text has places that nothing fills",
            "give them in the values of flow.notify or Wait",
        )

    def test_invitation_says_what_is_needed(self, factor: Any) -> None:
        """The invitation lists what each way in asks: ``invitation.<factor>`` says it, in both languages."""
        nothing(
            kit_texts.missing(kit_texts.texts_of(self._package(factor)), [f"invitation.{factor.name}"]),
            "the invitation cannot say what a voter needs",
            _WRITE_TEXTS,
        )

    # --- secrets -----------------------------------------------------------------------------------------

    async def test_no_secret_in_logs_or_steps(
        self,
        factor: Any,
        config: Any,
        make_flow: Any,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """No secret of the configuration, nothing typed, nothing sent is logged, printed, shown or raised."""
        caplog.set_level(logging.DEBUG)
        async for run in self._ways(factor, config, make_flow, tolerant=True):
            if run.events:
                await self._again(run)
            sent = set(outside.delivered(run))
            secrets = {*secret_values(config), *outside.typed(run), *sent, run.flow.token}
            quiet(secrets, caplog, capsys, outside.printed(run))
            for value in outside.shown(run):
                promise(
                    not any(secret in value for secret in {*secret_values(config), *sent}),
                    "what was sent to the voter, an address in full, or a secret is shown on the page",
                    "show flow.masked(channel), and never what proves who somebody is",
                )

    async def test_connection_test_finds_or_not(self, factor: Any, config: Any) -> None:
        """`check` answers with problems that have codes, whatever the provider does; it does not raise."""
        problems = await outside.connection(factor, config)
        codes = {problem.code for problem in problems}
        nothing(
            kit_texts.missing(kit_texts.texts_of(self._package(factor)), kit_texts.refusal_identifiers(codes)),
            "texts of a problem are missing",
            _WRITE_TEXTS,
        )

    async def test_leaves_or_not(self, factor: Any, config: Any, make_flow: Any) -> None:
        """After the login and without one, `leave` sends to a safe address or nowhere; it does not raise."""
        run = FactorRun(factor, config, make_flow())
        await self._proved(run)
        for flow in (run.flow, make_flow()):
            try:
                step = await factor.leave(config, flow)
            except Exception as error:
                raise ContractBroken(
                    f"leave() raised {type(error).__name__}\n→ return None where there is nobody to log out"
                ) from error
            promise(
                step is None or isinstance(step, Redirect),
                f"leave() answered with {type(step).__name__}",
                "return a Redirect to the provider's logout, or None",
            )
            if step is not None:
                check_leaving(step)

    # --- helpers -----------------------------------------------------------------------------------------

    def _once(self, factor: Factor[Any], config: PluginConfig) -> bool:
        return any(isinstance(by, Asserted | Delivered) for by in factor.vouches(config).values())

    async def _proved(self, run: FactorRun) -> Proved:
        """Go the honest way; it must lead to the end."""
        step: object = await self.honest(run)
        if step is None:
            misused("the method `honest` returns nothing; end it with `return await run.submit(…)`, the last step.")
        errors = f" with the errors {dict(step.errors)}" if isinstance(step, Form) else ""
        code = f" ({step.code})" if isinstance(step, Refused) else ""
        promise(
            isinstance(step, Proved),
            f"the honest way ended in {type(step).__name__}{code}{errors}",
            "mend the factor, or let `honest` answer as a voter of run.voter would",
        )
        assert isinstance(step, Proved)
        return step

    async def _try(self, run: FactorRun) -> Step | None:
        """Go the honest way as far as it leads in a flow where it may not lead to the end."""
        try:
            return await self.honest(run)
        except ContractBroken:
            raise
        except (AssertionError, LookupError):
            return run.step  # the honest way does not lead through here

    async def _held(self, run: FactorRun, number: int) -> FactorRun:
        """Go the honest way up to that event, which is withheld."""
        run.hold_back = number
        try:
            await self.honest(run)
        except HeldBack as held:
            run.withheld = held.event
        run.hold_back = None
        return run

    async def _halfway(self, factor: Any, config: Any, make_flow: Any) -> AsyncIterator[FactorRun]:
        """Yield runs that are about to answer each step of the honest way; to wait is no answer."""
        whole = FactorRun(factor, config, make_flow())
        await self._proved(whole)
        for number, event in enumerate(whole.events, 1):
            if isinstance(event, Tick):
                continue
            yield await self._held(FactorRun(factor, config, make_flow()), number)

    async def _ways(
        self, factor: Any, config: Any, make_flow: Any, *, tolerant: bool = False
    ) -> AsyncIterator[FactorRun]:
        """Yield finished runs: honest, wrong, a stranger's honest and wrong ones. `tolerant`: breaches end a run."""
        for entry in (True, None):
            for walk in (self._try, self._wrongly):
                run = FactorRun(factor, config, make_flow(**({} if entry else {"entry": None})))
                try:
                    await walk(run)
                except ContractBroken:
                    if not tolerant:
                        raise
                yield run

    async def _again(self, run: FactorRun) -> None:
        """Give the last event once more, to hear what a refusal of it says."""
        try:
            await run.advance(run.events[-1])
        except ContractBroken:
            return

    async def _wrongly(self, run: FactorRun) -> None:
        """Answer every step wrongly but well-formed."""
        await self._go_on(run, self._spoiled, self._spoiled)

    def _spoiled(self, step: Form | Redirect) -> dict[str, str]:
        return {**step.returns_with, "code": _FOREIGN} if isinstance(step, Redirect) else self._wrong_answers(step)

    async def _go_on(
        self,
        run: FactorRun,
        answers: Callable[[Form], Mapping[str, str]],
        params: Callable[[Redirect], Mapping[str, str]],
    ) -> None:
        step = run.step or await run.start()
        for _ in range(_STEPS):
            if isinstance(step, Form):
                step = await run.submit(**answers(step))
            elif isinstance(step, Redirect):
                step = await run.advance(Return(params(step)))
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

    async def _never_proves(self, run: FactorRun, event: Event, what: str, remedy: str) -> None:
        """Let the factor refuse, ask again, or raise (which refuses): anything but prove."""
        try:
            step = await run.advance(event)
        except FactorRaised:  # the engine refuses the voter whatever is raised
            return
        promise(not isinstance(step, Proved), what, remedy)


def _proves_nothing(run: FactorRun, what: str, remedy: str) -> None:
    promise(not any(isinstance(step, Proved) for step in run.steps), what, remedy)


def _named(fields: set[str]) -> str:
    return ", ".join(sorted(fields)) or "what came back from the provider"
