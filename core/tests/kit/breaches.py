"""One promise broken by each line: which change of the sample, which test of the kit fails, what its author reads."""

from __future__ import annotations

from dataclasses import dataclass

FR, EN = "locales/fr/LC_MESSAGES/sample.po", "locales/en/LC_MESSAGES/sample.po"
CODE, PROVIDER, CHECK, NOTIFIER, ROLL = "TestCode", "TestProvider", "TestEligibility", "TestNotifier", "TestRollCheck"


@dataclass(frozen=True)
class Breach:
    """One change (`old` becomes `new` in `file`, and the pairs of `also`), the test that must fail, its words."""

    suite: str
    test: str
    file: str
    old: str
    new: str
    says: str
    also: tuple[tuple[str, str], ...] = ()


def _code(test: str, old: str, new: str, says: str, *also: tuple[str, str]) -> Breach:
    return Breach(CODE, test, "code_factor.py", old, new, says, also)


def _provider(test: str, old: str, new: str, says: str, *also: tuple[str, str]) -> Breach:
    return Breach(PROVIDER, test, "provider_factor.py", old, new, says, also)


def _check(test: str, old: str, new: str, says: str) -> Breach:
    return Breach(CHECK, test, "eligibility.py", old, new, says)


def _notifier(test: str, old: str, new: str, says: str) -> Breach:
    return Breach(NOTIFIER, test, "notifier.py", old, new, says)


def _roll(test: str, old: str, new: str, says: str) -> Breach:
    return Breach(ROLL, test, "roll_check.py", old, new, says)


def _text(suite: str, test: str, file: str, identifier: str) -> Breach:
    """Make a breach by a text that is not there."""
    locale = "fr" if file == FR else "en"
    return Breach(suite, test, file, f'msgid "{identifier}"', 'msgid "gone"', f"{locale} {identifier}")


def _suite(suite: str, test: str, old: str, new: str, says: str) -> Breach:
    return Breach(suite, test, "suite.py", old, new, says)


_FIRST = "        return Form(SampleNumber)\n"
_TAKES = 'same and await flow.secrets.delete_if("code", form.code)'
_STATE = 'state = {"number": form.number}'
_NOTIFY = "            await flow.notify("
_CONFIG = 'description="How long a code is good for.")\n'
_FAIL = 'left = await flow.attempts.fail("sample_code", subject)'
_COUNTED = '        self.asked = getattr(self, "asked", 0) + 1\n'

BREACHES = (
    # --- a factor: its way
    _code(
        "starts_with_a_step",
        _FIRST,
        '        return Proved({"ordinal_number": Claim("1", Compared())})\n',
        "proved before anybody did anything",
    ),
    _code("starts_with_a_step", _FIRST, "        return None\n", "answered with NoneType: that is no step"),
    _code("honest_voter_proves", _TAKES, f"not {_TAKES}", "the honest way ended in Form with the errors"),
    _code(
        "honest_voter_proves",
        "forms = (SampleNumber, SampleCode)",
        "forms = (SampleNumber,)",
        "name it in the factor's `forms`",
    ),
    _code(
        "wrong_input_never_proves",
        '{"code": "sample_wrong"}',
        '{"password": "sample_wrong"}',
        "names a field that the form does not ask",
    ),
    _provider(
        "honest_voter_proves",
        "https://idp.example.org/login",
        "http://idp.example.org/login",
        "neither https nor loopback",
    ),
    _provider(
        "honest_voter_proves",
        'flow.token, {"state": flow.token}',
        'flow.token, {"state": "kept"}',
        "returns_with names the parameter",
    ),
    _provider("honest_voter_proves", "Wait(2,", "Wait(3600,", "from 1 to 300 seconds"),
    _code("state_is_json", _STATE, 'state = {"number": form.number, "kept": {1, 2}}', "does not come back from JSON"),
    _code("state_is_json", _STATE, 'state = {"number": form.number, 1: 2}', "does not come back from JSON"),
    _code(
        "another_worker_can_go_on",
        _STATE,
        'state = {"number": "x"}; self.number = form.number',
        "the factor keeps something in itself",
        ('str(flow.state["number"])', "self.number"),
    ),
    _code(
        "another_worker_can_go_on",
        "    def vouches(self",
        "    def __init__(self):\n        self.lock = threading.Lock()\n\n    def vouches(self",
        "the factor holds something that cannot be copied",
        ("import secrets", "import secrets, threading"),
    ),
    # --- a factor: its claims
    _code(
        "declares_how_it_vouches",
        '{"ordinal_number": Compared(), "sample_code": Delivered("sms")}',
        "{}",
        "declares nothing",
    ),
    _code("declares_how_it_vouches", '"sample_code": Delivered("sms")}', '"sample_code": "sms"}', "is no vouching"),
    _code(
        "declares_how_it_vouches",
        '"sample_code": Delivered("sms")}',
        '"Sample code": Delivered("sms")}',
        "is no claim's name",
    ),
    _code("declares_how_it_vouches", 'name = "sample_code"', 'name = "Sample Code"', "no name that an election file"),
    _provider(
        "declares_how_it_vouches",
        'return {"rpps": Asserted("eidas1")}',
        'return {"rpps": Asserted("high")}',
        "use one of eidas1, eidas2, eidas3",
    ),
    _code(
        "claims_only_as_declared",
        '{"ordinal_number": Compared(), "sample_code"',
        '{"sample_code"',
        "`vouches` does not declare",
    ),
    _code(
        "claims_only_as_declared",
        'by = Delivered("sms")',
        'by = Delivered("email")',
        "known in another way than declared",
    ),
    _code("claims_only_as_declared", "Claim(number, Compared())", 'Claim("", Compared())', "a claim has no value"),
    _code(
        "claims_only_as_declared",
        'return Proved({"ordinal_number": Claim(number, Compared()), "sample_code": Claim("sms", by)})',
        "return Proved({})",
        "nothing was claimed",
    ),
    # --- a factor: what never proves
    _provider(
        "empty_input_never_proves",
        "or not hmac.compare_digest(",
        "or event.params and not hmac.compare_digest(",
        "empty input proved something",
        ('event.params.get("number", "")', 'event.params.get("number", "1")'),
    ),
    _provider(
        "empty_input_never_proves",
        'event.params.get("number", "")',
        'event.params["number"]',
        "advance() raised KeyError when it was given Return",
    ),
    _code("wrong_input_never_proves", _TAKES, "same and form.code", "a wrong answer proved something"),
    _code(
        "one_wrong_answer_never_proves",
        'same = flow.matches("ordinal_number", number)',
        "same = True",
        "one answer of it was wrong: number",
    ),
    _code(
        "replayed_input_never_proves",
        _TAKES,
        'same and form.code == await flow.secrets.get("code")',
        "the same answer proved twice",
    ),
    _code(
        "expired_input_never_proves",
        "timedelta(minutes=config.minutes)",
        "timedelta(days=30)",
        "an answer of yesterday",
    ),
    _provider(
        "foreign_input_never_proves",
        'number = await flow.secrets.get("number")',
        'number = flow.state.get("number")',
        "another voter's answer",
        ('Wait(2, "sample.wait")', 'Wait(2, "sample.wait", {"number": number})'),
        ('if number is None or not await flow.secrets.delete_if("number", number):', "if number is None:"),
    ),
    _code(
        "foreign_input_never_proves",
        _FIRST,
        '        if type(event).__name__ == "Tick":\n'
        '            return Proved({"ordinal_number": Claim("1", Compared())})\n' + _FIRST,
        "a Tick that nobody had asked for",
    ),
    _provider(
        "contradictory_input_never_proves",
        'Proved({"rpps": Claim(number, Asserted("eidas1"))}',
        'Proved({"rpps": flow.claims.get("rpps") or Claim(number, Asserted("eidas1"))}',
        "rpps was taken over from another factor",
        ('{"rpps": Asserted("eidas1")}', '{"rpps": Compared()}'),
        ('or Claim(number, Asserted("eidas1"))', "or Claim(number, Compared())"),
        ("    Asserted,", "    Compared, Asserted,"),
    ),
    # --- a factor: nobody learns who is on the roll
    _provider(
        "stranger_never_proves_what_the_roll_must_confirm",
        'return {"rpps": Asserted("eidas1")}',
        'return {"rpps": Compared()}',
        "rpps was proved for somebody who is not on the roll",
        ('Claim(number, Asserted("eidas1"))', "Claim(number, Compared())"),
        ("    Asserted,", "    Compared,"),
    ),
    _code(
        "voter_and_stranger_look_alike",
        '            state = {"number"',
        '            if not flow.entry:\n                return Form(SampleNumber)\n            state = {"number"',
        "somebody outside can tell who is on the roll",
    ),
    _code(
        "voter_and_stranger_look_alike",
        _FAIL,
        f"{_FAIL} if flow.entry else 4",
        "somebody outside can tell who is on the roll",
    ),
    _code(
        "voter_and_stranger_look_alike",
        _NOTIFY,
        _NOTIFY.replace("await", "if flow.entry: await"),
        "the message sample_code",
    ),
    # --- a factor: words
    _code("forms_can_be_drawn", "number: str = asked(max_length=40)", "number: str", "not declared with asked()"),
    _code(
        "forms_can_be_drawn",
        "asked(keep=False, autocomplete",
        'asked(input="password", autocomplete',
        "asked(keep=False)",
    ),
    _code(
        "forms_can_be_drawn",
        "class SampleCode(FactorForm)",
        "class SampleCode(BaseModel)",
        "is no subclass of FactorForm",
        ("from pydantic import", "from pydantic import BaseModel,"),
    ),
    _text(CODE, "forms_have_texts", FR, "form.SampleCode.code.hint"),
    _text(CODE, "forms_have_texts", EN, "form.SampleNumber.title"),
    _text(CODE, "refusals_have_stable_codes_and_texts", EN, "error.sample_tries.remedy"),
    _text(CODE, "refusals_have_stable_codes_and_texts", FR, "error.sample_wrong"),
    Breach(
        CODE,
        "refusals_have_stable_codes_and_texts",
        EN,
        "Too many tries ({tries}).",
        "Too many tries.",
        "places differ: error.sample_tries",
    ),
    _code(
        "refusals_have_stable_codes_and_texts",
        '"sample_tries", {"tries": "5"}',
        '"sample_tries"',
        "error.sample_tries {tries}",
    ),
    _code(
        "refusals_have_stable_codes_and_texts",
        'Refused("sample_tries", {"tries": "5"})',
        'Refused(f"{left} Tries")',
        "Refused('0 Tries'): a code is not stable",
    ),
    _code(
        "refusals_have_stable_codes_and_texts",
        _FIRST,
        '        if flow.locale == "de":\n            return Refused("sample_never_seen")\n' + _FIRST,
        "fr error.sample_never_seen",
    ),
    _text(CODE, "messages_have_texts", FR, "template.sample_code"),
    _code("messages_have_texts", '"minutes": str(config.minutes)}', "}", "template.sample_code {minutes}"),
    _text(PROVIDER, "messages_have_texts", EN, "sample.wait"),
    _text(CODE, "invitation_says_what_is_needed", FR, "invitation.sample_code"),
    # --- a factor: secrets, and what it may touch
    _code(
        "no_secret_in_logs_or_steps",
        _NOTIFY,
        '            logging.warning("code %s", code)\n' + _NOTIFY,
        "was logged",
        ("import secrets", "import logging, secrets"),
    ),
    _code("no_secret_in_logs_or_steps", _NOTIFY, "            print(code)\n" + _NOTIFY, "was printed"),
    _code(
        "no_secret_in_logs_or_steps", _FAIL, "raise ValueError(form.code)", "an answer or an exception holds a secret"
    ),
    _code("no_secret_in_logs_or_steps", '{"tries": "5"}', '{"tries": form.code}', "holds a secret"),
    _code(
        "no_secret_in_logs_or_steps",
        'state=state, values={"mobile": flow.masked("sms") or ""}',
        'state=state, values={"mobile": code}',
        "is shown on the page",
    ),
    _code("imports_the_contract_alone", "import secrets", "import isoloir.roll, secrets", "isoloir.roll"),
    _code(
        "connection_test_finds_or_not",
        'return [Problem("sample_trial", severe=False)]',
        "raise OSError",
        "check() raised OSError",
    ),
    _code(
        "connection_test_finds_or_not",
        'return [Problem("sample_trial", severe=False)]',
        "return None",
        "a list of Problem(code)",
    ),
    _text(CODE, "connection_test_finds_or_not", FR, "error.sample_trial"),
    _provider(
        "leaves_or_not",
        'return Redirect("https://idp.example.org/logout", {"state": flow.token})',
        'raise KeyError("token")',
        "leave() raised KeyError",
    ),
    _provider(
        "leaves_or_not",
        "https://idp.example.org/logout",
        "http://idp.example.org/logout",
        "leave() answered with Redirect",
    ),
    # --- a configuration
    _code(
        "configuration_can_be_drawn_as_a_form",
        ', description="How long a code is good for."',
        "",
        "minutes has no description",
    ),
    _code(
        "configuration_can_be_drawn_as_a_form",
        _CONFIG,
        _CONFIG + '    more: dict[str, object] = Field(default_factory=dict, description="More.")\n',
        "more has no form control",
    ),
    _code(
        "configuration_can_be_drawn_as_a_form",
        _CONFIG,
        _CONFIG + '    model_config = {"extra": "allow"}\n',
        "unknown keys are accepted",
    ),
    _code(
        "configuration_is_never_dumped_with_its_secrets",
        'api_key: SecretStr = Field(default=SecretStr("kit-key-4242")',
        'api_key: str = Field(default="kit-key-4242"',
        "declare it as pydantic.SecretStr",
    ),
    _code(
        "configuration_is_never_dumped_with_its_secrets",
        _CONFIG,
        _CONFIG + "    def __repr__(self): return self.api_key.get_secret_value()\n",
        "the configuration prints a secret",
    ),
    _code(
        "configuration_is_never_dumped_with_its_secrets",
        _CONFIG,
        _CONFIG + '    model_config = {"frozen": False}\n',
        "can be changed while an election is running",
    ),
    _code(
        "configuration_errors_never_echo_the_input",
        _CONFIG,
        _CONFIG + '    model_config = {"hide_input_in_errors": False}\n',
        "repeats what was given",
    ),
    # --- an eligibility check
    _check("allows_whom_it_should", "return Allowed()", "return NotMine()", "`allowed` gets NotMine() at login"),
    _check(
        "allows_whom_it_should",
        "        return Allowed()",
        f"{_COUNTED}        return Allowed() if self.asked == 1 else NotMine()",
        "again at casting",
    ),
    _check(
        "refuses_whom_it_should",
        'if not voter.matches("ordinal_number", claim.value):',
        "if not claim.value:",
        "`refused` gets Allowed() at login",
    ),
    _check(
        "refuses_whom_it_should",
        '            return Refused("sample_not_the_rolls"',
        f'    {_COUNTED}            return Refused(f"sample_{{self.asked}}"',
        "under several codes",
    ),
    _check("refuses_whom_it_should", '{"contest": contest.id}', "{}", "error.sample_not_the_rolls {contest}"),
    _text(CHECK, "refuses_whom_it_should", EN, "error.sample_not_proved.remedy"),
    _check(
        "nothing_proved_is_never_allowed",
        'return Refused("sample_not_proved")',
        "return Allowed()",
        "nothing was proved and whom nothing matches gets Allowed()",
    ),
    _check(
        "nothing_proved_is_never_allowed",
        'claims.get("ordinal_number")',
        'claims["ordinal_number"]',
        "check() raised KeyError",
    ),
    _check(
        "contradictory_claims_are_never_allowed",
        'if not voter.matches("ordinal_number", claim.value):',
        'if claim.value == "7599999":',
        "the check looks at their names, not at their values",
    ),
    _check("nothing_secret_is_logged", '{"contest": contest.id}', '{"contest": claim.value}', "holds a secret"),
    _check(
        "imports_the_contract_alone",
        "from isoloir.hooks",
        "import isoloir.store\nfrom isoloir.hooks",
        "isoloir.store",
    ),
    # --- a notifier
    _notifier("channels_are_known", '{"email"}', '{"email", "pigeon"}', "channels are ['email', 'pigeon']"),
    _notifier("carries_a_message_unchanged", "message.text]", 'message.text.replace("é", "e")]', "as it was written"),
    _notifier(
        "carries_a_message_unchanged", "return Accepted(str(number))", 'return Accepted("")', "return Accepted(id)"
    ),
    _notifier(
        "injection_is_refused_for_good",
        'if any("\\n" in',
        'if False and any("\\n" in',
        "a recipient with a line break",
    ),
    _notifier(
        "other_channels_are_refused_for_good",
        '"sample_channel", permanent=True',
        '"sample_channel", permanent=False',
        "which it does not carry",
    ),
    _notifier(
        "carrier_that_does_not_answer_is_no_exception",
        "except OSError",
        "except ValueError",
        "send() raised FileNotFoundError",
    ),
    _notifier(
        "carrier_that_does_not_answer_is_no_exception",
        '"sample_away", permanent=False',
        '"sample_away", permanent=True',
        "without its carrier the notifier answered",
    ),
    _notifier(
        "nothing_secret_is_logged",
        "        try:\n            written",
        "        print(message.recipient)\n        try:\n            written",
        "was printed",
    ),
    _notifier(
        "receipts_are_of_those_asked",
        '{one: "delivered" for one in ids if (config.folder / one).exists()}',
        '{"000": "delivered"}',
        "ids that nobody asked about",
    ),
    _text(NOTIFIER, "answers_have_texts", EN, "error.sample_channel.remedy"),
    _notifier(
        "connection_test_finds_or_not",
        "return [] if config.folder.is_dir() else",
        "return",
        "finds fault with a carrier that answers",
    ),
    _text(NOTIFIER, "connection_test_finds_or_not", FR, "error.sample_away"),
    _notifier(
        "imports_the_contract_alone",
        "from isoloir.hooks",
        "import isoloir.notifications\nfrom isoloir.hooks",
        "isoloir.notifications",
    ),
    # --- a roll check
    _roll("sound_and_odd_are_told_apart", "0 < len(number) < 5", "False", "the odd line gets no warning"),
    _roll("sound_and_odd_are_told_apart", "0 < len(number) < 5", "True", "the sound line gets warnings"),
    _roll(
        "sound_and_odd_are_told_apart",
        '"ordinal_number", "sample_short")',
        '"rpps", "sample_short")',
        "names no field of the line",
    ),
    _text(ROLL, "sound_and_odd_are_told_apart", EN, "error.sample_short"),
    _roll(
        "any_line_is_looked_at",
        'row.get("ordinal_number", "")',
        'row["ordinal_number"]',
        "warnings() raised KeyError",
    ),
    _roll("values_are_not_repeated", '"sample_short")', 'f"sample_{number}")', "repeats a value"),
    # --- the author's own mistakes
    _suite(
        CODE,
        "starts_with_a_step",
        "    def factor(self):\n        return CodeFactor()",
        "    def factr(self):\n        return CodeFactor()",
        "write the fixture `factor`",
    ),
    _suite(CODE, "starts_with_a_step", "return CodeFactor()", "return CodeFactor", "returns the class CodeFactor"),
    _suite(CODE, "starts_with_a_step", "return CodeFactor()", "CodeFactor()", "end it with `return …`"),
    _suite(
        CODE, "starts_with_a_step", "return CodeFactor()", 'return "code"', "returns a str; return an instance of"
    ),
    _suite(
        CODE,
        "honest_voter_proves",
        "        return await run.submit(code=",
        "        await run.submit(code=",
        "`honest` returns nothing",
    ),
    Breach(
        CODE,
        "honest_voter_proves",
        "suite.py",
        "    async def honest(self, run):\n        await run.start()\n        await",
        "    async def honesty(self, run):\n        await run.start()\n        await",
        "write the method `async def honest",
    ),
    _suite(
        CHECK,
        "allows_whom_it_should",
        "    def allowed(self):",
        "    def alowed(self):",
        "write the fixture `allowed`",
    ),
    _suite(
        CHECK,
        "allows_whom_it_should",
        "return SampleCheck()",
        "return CodeFactor()",
        "return an instance of isoloir.hooks.EligibilityCheck",
    ),
    _suite(
        NOTIFIER,
        "channels_are_known",
        "    def config(self, tmp_path):",
        "    def conf(self, tmp_path):",
        "SampleFolder has no default for folder",
    ),
    _suite(
        NOTIFIER,
        "carries_a_message_unchanged",
        "    async def delivered(",
        "    async def deliver(",
        "write the method `async def delivered",
    ),
    _suite(ROLL, "any_line_is_looked_at", "    def odd(self):", "    def od(self):", "write the fixture `odd`"),
)
