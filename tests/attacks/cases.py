"""What is tried, and the code that must refuse it: data, and the few moves that data cannot say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from joserfc.jwk import RSAKey

from isoloir_web.trial.browsing import Shown

from .people import ELECTOR, LOOK_ALIKES, THIEF, TWICE, number
from .providers import CLIENT, KEYCLOAK, OTHER_CLIENT, OTHER_SITE, SIMULATOR
from .site import BASE, CALLBACKS, ELSEWHERE, HERE, Site
from .wire import Tokens, forged, header_of

Params = dict[str, str]
Move = Callable[[Site], Awaitable[Shown]]
BOTH = (SIMULATOR, KEYCLOAK)
AT_PROVIDER = "at the provider"
"""Stands for a code where the provider itself turns the voter away, on its own page."""
_ANOTHER = "https://another.example/realm"


@dataclass(frozen=True)
class Case:
    """One attack. `move` does it, and returns what the attacker is shown in the end."""

    id: str
    did: str
    code: str
    move: Move
    against: tuple[str, ...] = BOTH


# --- a login with one thing changed ---------------------------------------------------------------------------


def login(
    *,
    who: str = number(ELECTOR),
    place: int = ELECTOR,
    faults: tuple[str, ...] = (),
    wire: Callable[[Site], Awaitable[None]] | None = None,
    asked: Callable[[Params], Params] | None = None,
    back: Callable[[Params], Params] | None = None,
    to: tuple[str, str] = (HERE, "psc"),
    ahead: timedelta = timedelta(0),
    away: timedelta = timedelta(0),
) -> Move:
    """A login in which the provider has `faults`, the `wire` changes what it says, what is `asked` of it or comes
    `back` is changed, the return is made `to` another address, or our clock is `ahead` by then, or the voter was
    `away` so long; all the rest is as it should be."""

    async def move(site: Site) -> Shown:
        site.provider.fail(*faults)
        site.clock.shift = -away
        visitor = site.visitor()
        begun = await visitor.start()
        if not begun.onward:
            return begun
        url = begun.onward if asked is None else _with(begun.onward, asked)
        if wire is not None:
            await wire(site)
        params = await visitor.go(url, who)
        site.clock.shift = ahead
        return await visitor.finish(await visitor.come_back(back(params) if back else params, *to), place)

    return move


def _with(url: str, change: Callable[[Params], Params]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode(change(dict(parse_qsl(parts.query))))))


def put(**values: str) -> Callable[[Params], Params]:
    """Put these values in."""
    return lambda params: {**params, **values}


def out(*names: str) -> Callable[[Params], Params]:
    """Take these out."""
    return lambda params: {name: value for name, value in params.items() if name not in names}


def spoils(spoil: Callable[[Tokens], Tokens]) -> Callable[[Site], Awaitable[None]]:
    """Change what the token endpoint answers."""

    async def wire(site: Site) -> None:
        site.wire.spoil = spoil

    return wire


def _head(**header: Any) -> Callable[[Site], Awaitable[None]]:
    return spoils(lambda tokens: forged(tokens, header))


def _bad_signature(tokens: Tokens) -> Tokens:
    head, body, signature = tokens["id_token"].split(".")
    return {**tokens, "id_token": f"{head}.{body}.{signature[8:]}{signature[:8]}"}


async def _hs256(site: Site) -> None:
    """Sign with the provider's public key as though it were a shared secret."""
    visitor = site.visitor()
    described = (await visitor.there.get(site.provider.discovery_url)).json()
    keys = (await visitor.there.get(described["jwks_uri"])).json()["keys"]

    def spoil(tokens: Tokens) -> Tokens:
        kid = header_of(tokens["id_token"])["kid"]
        key = next(one for one in keys if one["kid"] == kid)
        pem = RSAKey.import_key({name: key[name] for name in ("kty", "n", "e")}).as_pem(private=False)
        return forged(tokens, {"alg": "HS256"}, {"sub": "f:any:899700000018"}, pem)

    site.wire.spoil = spoil


def _stolen(name: str, *, who: str = number(THIEF), client: str = CLIENT, to: str = "") -> Any:
    """Put a real token that was issued in another login, to a thief or to another site, in the place of one."""

    async def wire(site: Site) -> None:
        won = await site.provider.tokens(who, client, to or CALLBACKS[0])
        site.wire.spoil = lambda tokens: {**tokens, name: won[name]}

    return wire


async def _user_info_of_the_thief(site: Site) -> None:
    site.wire.bearer = (await site.provider.tokens(number(ELECTOR), CLIENT, CALLBACKS[0]))["access_token"]


async def _no_verifier(site: Site) -> None:
    site.wire.spoil_grant = lambda form: {name: form[name] for name in form if name != "code_verifier"}


# --- moves between several browsers ---------------------------------------------------------------------------


async def _nobody_began(site: Site) -> Shown:
    """A victim is made to open the address of the thief's return: a login that is not theirs."""
    thief, victim = site.visitor(), site.visitor()
    params = await thief.go(await thief.begin(), number(THIEF))
    return await victim.come_back(params)


async def _crossed(site: Site) -> Shown:
    """The same, when the victim has begun a login too."""
    thief, victim = site.visitor(), site.visitor()
    params = await thief.go(await thief.begin(), number(THIEF))
    await victim.begin()
    return await victim.finish(await victim.come_back(params), THIEF)


async def _states_exchanged(site: Site) -> Shown:
    first, second = site.visitor(), site.visitor()
    ours = await first.go(await first.begin(), number(ELECTOR))
    theirs = await second.go(await second.begin(), number(THIEF))
    await first.come_back({**ours, "state": theirs["state"]})
    return await second.come_back({**theirs, "state": ours["state"]})


async def _state_of_before(site: Site) -> Shown:
    """Begin twice in one browser, and come back with the state of the first."""
    visitor = site.visitor()
    first = await visitor.go(await visitor.begin(), number(ELECTOR))
    await visitor.begin()
    return await visitor.finish(await visitor.come_back(first))


async def _replayed_here(site: Site) -> Shown:
    """The elector is half-way in; the very same return is sent again by somebody at the same browser."""
    visitor = site.visitor()
    params = await visitor.go(await visitor.begin(), number(ELECTOR))
    await visitor.come_back(params)
    return await visitor.come_back(params)


async def _replayed_elsewhere(site: Site) -> Shown:
    """A thief reads the address of a return that has served, and opens it."""
    victim, thief = site.visitor(honest=True), site.visitor()
    params = await victim.go(await victim.begin(), number(ELECTOR))
    await victim.finish(await victim.come_back(params))
    await thief.begin()
    return await thief.finish(await thief.come_back(params))


async def _code_injected(site: Site) -> Shown:
    """A thief holds a code of the elector that has not served, and puts it into a return of their own."""
    victim, thief = site.visitor(), site.visitor()
    stolen = await victim.go(await victim.begin(), number(ELECTOR))
    own = await thief.go(await thief.begin(), number(THIEF))
    return await thief.finish(await thief.come_back({**own, "code": stolen["code"]}))


async def _code_replayed(site: Site) -> Shown:
    """The same with a code that has served."""
    victim, thief = site.visitor(honest=True), site.visitor()
    used = await victim.go(await victim.begin(), number(ELECTOR))
    await victim.finish(await victim.come_back(used))
    own = await thief.go(await thief.begin(), number(THIEF))
    return await thief.finish(await thief.come_back({**own, "code": used["code"]}))


async def _code_of_another_site(site: Site) -> Shown:
    """A code that the provider issued to another site for the elector."""
    thief = site.visitor()
    own = await thief.begin()
    query = put(client_id=OTHER_CLIENT, redirect_uri=OTHER_SITE)
    params = await thief.go(_with(own, query), number(ELECTOR))
    return await thief.finish(await thief.come_back(params))


async def _given_handle(site: Site) -> Shown:
    """A session's name that an attacker chose is planted; the elector logs in; the attacker uses it."""
    victim, thief = site.visitor(honest=True), site.visitor()
    victim.here.http.cookies.set("isoloir", "A" * 43, domain="127.0.0.1")
    await victim.log_in()
    thief.wear("A" * 43)
    return await thief.here.get(f"/e/{HERE}/contests")


async def _own_handle(site: Site) -> Shown:
    """The session that an attacker has begun is planted; the elector logs in within it; the attacker uses it."""
    victim, thief = site.visitor(honest=True), site.visitor()
    await thief.begin()
    planted = thief.handles[-1]
    victim.here.http.cookies.set("isoloir", planted, domain="127.0.0.1")
    await victim.log_in()
    return await thief.here.get(f"/e/{HERE}/contests")


async def _half_way_handle(site: Site) -> Shown:
    """The cookie that a browser had before the provider's answer is used once the elector is logged in."""
    victim, thief = site.visitor(honest=True), site.visitor()
    url = await victim.begin()
    thief.wear(victim.handles[-1])
    await victim.finish(await victim.come_back(await victim.go(url, number(ELECTOR))))
    return await thief.here.get(f"/e/{HERE}/contests")


async def _both_elections(site: Site) -> Shown:
    """One browser has begun in both elections, and brings what belongs to the one to the other."""
    visitor = site.visitor()
    url = await visitor.begin(HERE)
    await visitor.begin(ELSEWHERE)
    params = await visitor.go(url, number(ELECTOR))
    return await visitor.finish(await visitor.come_back(params, ELSEWHERE), ELECTOR, ELSEWHERE)


async def _logged_in_there(site: Site) -> Shown:
    """Whoever is in to one election asks for the other's contests."""
    visitor = site.visitor(honest=True)
    await visitor.log_in()
    return await visitor.here.get(f"/e/{ELSEWHERE}/contests")


async def _foreign_begin(site: Site) -> Shown:
    """Another site's page sends the form that begins a login."""
    visitor = site.visitor()
    visitor.here.http.headers["sec-fetch-site"] = "cross-site"
    return await visitor.start()


async def _foreign_origin(site: Site) -> Shown:
    """The same from an old browser, which says only where the form stood."""
    visitor = site.visitor()
    del visitor.here.http.headers["sec-fetch-site"]
    visitor.here.http.headers["origin"] = "https://another.example"
    return await visitor.start()


async def _form_without_token(site: Site) -> Shown:
    """The last form of a login is sent without the token that its page holds."""
    visitor = site.visitor()
    shown = await visitor.come_back(await visitor.go(await visitor.begin(), number(ELECTOR)))
    form = shown.asking("number")
    assert form is not None
    form.hidden.pop("token")
    return await visitor.finish(shown)


async def _form_of_another(site: Site) -> Shown:
    """A form of the thief's own login, token and all, is sent with the victim's cookie."""
    victim, thief = site.visitor(), site.visitor()
    theirs = await thief.come_back(await thief.go(await thief.begin(), number(THIEF)))
    await victim.come_back(await victim.go(await victim.begin(), number(ELECTOR)))
    return await victim.finish(theirs, THIEF)


async def _twice_given(site: Site) -> Shown:
    """A return with two states: whichever one reads, the other is the wrong one."""
    visitor = site.visitor()
    params = await visitor.go(await visitor.begin(), number(ELECTOR))
    query = f"{urlencode(params)}&state=another"
    return await visitor.here.get(f"/e/{HERE}/login/callback/psc?{query}")


async def _host(site: Site) -> Shown:
    """A login begun under another host name, so that the address of the return would be made of it."""
    visitor = site.visitor()
    visitor.here.http.headers["host"] = "another.example"
    return await visitor.start()


async def _slashes(site: Site) -> Shown:
    """An address of this site that a careless redirection would take for another site's."""
    return await site.visitor().here.get("/e//another.example/%2F%2Fanother.example/login/step")


async def _returned_to(site: Site) -> Shown:
    """Where to go next is written into the address of the return."""
    visitor = site.visitor()
    await visitor.begin()
    evil = dict.fromkeys(("next", "url", "redirect_uri", "return_to", "state"), "https://another.example/")
    return await visitor.come_back({"code": "x" * 32, **evil})


CASES: tuple[Case, ...] = (
    # --- state
    Case("state-missing", "The return has no state.", "callback_refused", login(back=out("state"))),
    Case("state-empty", "Its state is empty.", "callback_refused", login(back=put(state=""))),
    Case("state-another", "Its state is one that nobody made.", "callback_refused", login(back=put(state="A" * 43))),
    Case("state-twice", "It has two states.", "form_malformed", _twice_given),
    Case("state-swapped", "Two voters’ returns exchange their states.", "callback_refused", _states_exchanged),
    Case("state-of-before", "The state of a login that was begun anew since.", "callback_refused", _state_of_before),
    Case("state-replayed", "The same return again, in the same browser.", "callback_refused", _replayed_here),
    Case("return-replayed", "A thief opens a return that has let the elector in.", "callback_refused",
         _replayed_elsewhere),
    Case("state-late", "The return comes sixteen minutes later.", "callback_refused",
         login(away=timedelta(minutes=16))),
    # --- login of somebody else
    Case("csrf-login", "A thief’s return is opened in the browser of a victim who has begun nothing.",
         "callback_refused", _nobody_began),
    Case("csrf-login-begun", "The same, when the victim has begun a login.", "callback_refused", _crossed),
    Case("csrf-begin", "Another site’s page begins a login in a visitor’s browser.", "foreign_origin",
         _foreign_begin),
    Case("csrf-begin-origin", "The same in a browser that sends Origin alone.", "foreign_origin", _foreign_origin),
    Case("form-without-token", "The last form is sent without its token.", "form_expired", _form_without_token),
    Case("form-of-another", "The last form of a thief’s login is sent with a victim’s cookie.", "form_expired",
         _form_of_another),
    # --- codes
    Case("code-missing", "The return has no code.", "oidc_answer_incomplete", login(back=out("code"))),
    Case("code-invented", "Its code is one that nobody issued.", "oidc_code_refused",
         login(back=put(code="A" * 32))),
    Case("code-injected", "A thief puts an elector’s unused code into a return of their own.", "oidc_code_refused",
         _code_injected),
    Case("code-replayed", "The same with a code that has let the elector in.", "oidc_code_refused",
         _code_replayed),
    Case("code-of-another-site", "A code that the provider issued to another site.", "oidc_code_refused",
         _code_of_another_site),
    Case("code-not-printable", "Its code holds a line end.", "oidc_answer_incomplete",
         login(back=put(code="line\nend"))),
    # --- PKCE
    Case("pkce-left-out", "The challenge is taken out of the address of the login.", "oidc_misconfigured",
         login(asked=out("code_challenge", "code_challenge_method"))),
    Case("pkce-plain", "It is downgraded to `plain`.", "oidc_misconfigured",
         login(asked=put(code_challenge_method="plain"))),
    Case("pkce-of-the-thief", "It is another’s, whose verifier a thief knows.", "oidc_code_refused",
         login(asked=put(code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"))),
    Case("pkce-no-verifier", "The verifier is lost on its way to the provider.", "oidc_code_refused",
         login(wire=_no_verifier)),
    # --- mix-up
    Case("mix-up", "The return names another issuer.", "oidc_wrong_provider", login(back=put(iss=_ANOTHER))),
    Case("mix-up-error", "An error of another issuer.", "oidc_wrong_provider",
         login(back=lambda params: {"error": "access_denied", "iss": _ANOTHER, "state": params["state"]})),
    Case("mix-up-described", "The provider’s description names another issuer.", "oidc_provider_other",
         login(faults=("discovery_other_issuer",)), (SIMULATOR,)),
    # --- ID token
    Case("nonce-another", "The ID token has another nonce.", "oidc_token_nonce", login(faults=("wrong_nonce",)),
         (SIMULATOR,)),
    Case("nonce-missing", "It has none.", "oidc_token_nonce", login(faults=("no_nonce",)), (SIMULATOR,)),
    Case("id-token-replayed", "It is a real one of another login, with that one’s nonce.", "oidc_token_nonce",
         login(wire=_stolen("id_token"))),
    Case("alg-none", "It is unsigned: `alg` is `none`.", "oidc_token_algorithm", login(wire=_head(alg="none"))),
    Case("alg-none-capital", "The same, written `NoNe`.", "oidc_token_algorithm", login(wire=_head(alg="NoNe"))),
    Case("hs256-public-key", "It is signed by HS256, with the provider’s public key as the secret.",
         "oidc_token_algorithm", login(wire=_hs256)),
    Case("kid-unknown", "It names a key that the provider does not publish.", "oidc_token_key",
         login(wire=_head(kid="another"))),
    Case("key-in-the-token", "It brings its own key (`jwk`, `jku`) under an unknown name.", "oidc_token_key",
         login(wire=_head(kid="another", jku="https://another.example/keys", jwk={"kty": "RSA"}))),
    Case("signature-broken", "Its signature is another.", "oidc_token_signature", login(wire=spoils(_bad_signature))),
    Case("claims-changed", "Its claims are changed after signing, to another’s subject.", "oidc_token_signature",
         login(wire=spoils(lambda tokens: forged(tokens, {}, {"sub": "f:any:899700000018"})))),
    Case("not-a-token", "It is no token at all.", "oidc_token_unreadable",
         login(wire=spoils(lambda tokens: {**tokens, "id_token": "not a token"}))),
    Case("no-id-token", "There is none.", "oidc_token_unreadable",
         login(wire=spoils(lambda tokens: {name: tokens[name] for name in tokens if name != "id_token"}))),
    Case("iss-another", "It is of another issuer, rightly signed.", "oidc_token_issuer",
         login(faults=("wrong_iss",)), (SIMULATOR,)),
    Case("aud-another", "It is for another site, rightly signed.", "oidc_token_audience",
         login(faults=("wrong_aud",)), (SIMULATOR,)),
    Case("aud-of-another-site", "It is a real one that the provider issued to another site.",
         "oidc_token_audience", login(wire=_stolen("id_token", client=OTHER_CLIENT, to=OTHER_SITE))),
    Case("aud-several", "It is for two sites, and says not which asked.", "oidc_token_authorized_party",
         login(faults=("other_aud_without_azp",)), (SIMULATOR,)),
    Case("azp-another", "Another site asked for it.", "oidc_token_authorized_party", login(faults=("wrong_azp",)),
         (SIMULATOR,)),
    Case("expired", "It expired an hour ago.", "oidc_token_expired", login(faults=("expired",)), (SIMULATOR,)),
    Case("expired-by-the-clock", "Our clock is three minutes ahead when it comes.", "oidc_token_expired",
         login(ahead=timedelta(minutes=3))),
    Case("no-expiry", "It never expires.", "oidc_token_unreadable", login(faults=("no_exp",)), (SIMULATOR,)),
    Case("not-yet-valid", "It begins in an hour.", "oidc_token_not_yet_valid", login(faults=("not_yet_valid",)),
         (SIMULATOR,)),
    Case("not-yet-valid-by-the-clock", "Our clock is three minutes behind when it comes.",
         "oidc_token_not_yet_valid", login(ahead=timedelta(minutes=-3))),
    Case("at-hash", "Its `at_hash` is another.", "oidc_token_at_hash", login(faults=("wrong_at_hash",)),
         (SIMULATOR,)),
    Case("access-token-swapped", "The access token beside it is a real one of another person.",
         "oidc_token_at_hash", login(wire=_stolen("access_token"))),
    Case("level-unknown", "It has a level that nobody knows.", "oidc_level_unknown", login(faults=("unknown_acr",)),
         (SIMULATOR,)),
    Case("login-old", "Its login is older than the election takes.", "psc_login_too_old",
         login(faults=("old_auth_time",)), (SIMULATOR,)),
    # --- user-info
    Case("user-info-of-another", "User-info is about another person: an elector, asked with their real token.",
         "oidc_userinfo_mismatch",
         login(who=number(THIEF), place=ELECTOR, wire=_user_info_of_the_thief)),
    Case("user-info-other-sub", "It has another `sub`.", "oidc_userinfo_mismatch",
         login(faults=("userinfo_other_sub",)), (SIMULATOR,)),
    Case("user-info-no-sub", "It has none.", "oidc_userinfo_mismatch", login(faults=("userinfo_no_sub",)),
         (SIMULATOR,)),
    Case("user-info-unsigned", "It is a token that nobody signed.", "oidc_token_algorithm",
         login(faults=("userinfo_alg_none",)), (SIMULATOR,)),
    Case("user-info-two-names", "It names one person in `sub` and another in `preferred_username`.",
         "psc_identity_mismatch", login(faults=("userinfo_other_username",)), (SIMULATOR,)),
    # --- addresses
    Case("redirect-of-another", "The address of the return, in that of the login, is another site’s.", AT_PROVIDER,
         login(asked=put(redirect_uri="https://another.example/callback"))),
    Case("redirect-below", "It is one below ours.", AT_PROVIDER,
         login(asked=put(redirect_uri=f"{CALLBACKS[0]}/more"))),
    Case("redirect-by-dots", "It leads elsewhere on this site by dots.", AT_PROVIDER,
         login(asked=put(redirect_uri=f"{CALLBACKS[0]}/../../../../e/{ELSEWHERE}/"))),
    Case("redirect-user", "It has ours as the user’s name before another host.", AT_PROVIDER,
         login(asked=put(redirect_uri=f"{BASE}@another.example/"))),
    Case("open-redirect", "The return says where to go next, under the usual names.", "callback_refused",
         _returned_to),
    Case("open-redirect-slashes", "An address of ours looks like another site’s.", "page_unknown", _slashes),
    Case("host-another", "The login is begun under another host name.", "wrong_host", _host),
    Case("address-in-clear", "The provider’s description leads to an address in clear text elsewhere.",
         "oidc_provider_address", login(faults=("discovery_clear_address",)), (SIMULATOR,)),
    # --- another election
    Case("other-election", "The return is brought to another election of this site.", "callback_refused",
         login(to=(ELSEWHERE, "psc"))),
    Case("other-election-begun", "The same, when a login was begun in both.", "callback_refused", _both_elections),
    Case("other-election-redirect", "The provider is asked to send back to another election of this site.",
         "callback_refused", login(asked=put(redirect_uri=CALLBACKS[1]), to=(ELSEWHERE, "psc"))),
    Case("other-factor", "The return is brought to another factor of the election.", "callback_refused",
         login(to=(HERE, "ordinal"))),
    Case("other-election-session", "Who is in to one election asks for the contests of another.", "not_logged_in",
         _logged_in_there),
    # --- sessions
    Case("fixation-invented", "A session’s name that an attacker chose is planted before the login.",
         "not_logged_in", _given_handle),
    Case("fixation-begun", "A session that an attacker began is planted before the login.", "not_logged_in",
         _own_handle),
    Case("fixation-half-way", "The session’s name of before the return is used after it.", "not_logged_in",
         _half_way_handle),
    # --- who it is
    Case("not-on-the-roll", "A professional who is not on the roll.", "not_recognised", login(who="stranger")),
    Case("twice-on-the-roll", "An elector who is on the roll twice.", "not_recognised",
         login(who=number(TWICE), place=TWICE)),
    Case("prefix-0", "An ADELI number (0) with an elector’s digits.", "psc_identity_adeli", login(who="prefix-0")),
    Case("prefix-3", "A number of an establishment (3) with an elector’s digits.", "psc_identity_structure",
         login(who="prefix-3")),
    Case("prefix-5", "An employer’s own number (5) with an elector’s digits.", "psc_identity_structure",
         login(who="prefix-5")),
    Case("no-prefix", "An elector’s RPPS without its prefix.", "psc_identity_unknown", login(who="no-prefix")),
    *(
        Case(f"look-alike-{name}", f"An elector’s number in look-alike signs: {name.replace('-', ' ')}.",
             "psc_identity_unknown", login(who=name))
        for name in LOOK_ALIKES
    ),
)  # fmt: skip
