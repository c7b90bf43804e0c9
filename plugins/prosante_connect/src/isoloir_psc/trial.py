"""Two realms of one real Keycloak, to test and to show with: one plays Pro Santé Connect, the other is its broker."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from isoloir_prosante_connect.keycloak import REALM, Keycloak, RelyingSite, Wallet, administer, make_wallet
from isoloir_prosante_connect.simulator import SHAPES, Identity
from isoloir_psc.provisioning import find_changes
from isoloir_psc.realm import Realm
from isoloir_psc.wanted import Wanted, addresses


@dataclass(frozen=True)
class Brokered:
    """The two realms, and what was wanted of the broker's."""

    wallet: Wallet
    realm: Realm
    wanted: Wanted

    @property
    def issuer(self) -> str:
        """The broker's issuer."""
        return f"{self.wallet.keycloak.url}/realms/{self.realm.name}"


def make_brokered(
    keycloak: Keycloak,
    site: RelyingSite,
    identities: Iterable[Identity] = SHAPES,
    *,
    names: tuple[str, str] | None = None,
    beside: Iterable[RelyingSite] = (),
    provisioned: bool = True,
) -> Brokered:
    """Make both realms, with `site` as the broker's client (by a secret).

    The people are those of `make_wallet`. `names` are those of the broker's realm and of the provider's, drawn at
    random when left out; `beside` are sites that the provider knows without the broker. Not `provisioned`, the
    broker's realm is still to be made. Raises keycloak.exceptions.KeycloakError.
    """
    name, provider = names or (f"vote-{secrets.token_hex(4)}", f"{REALM}-{secrets.token_hex(4)}")
    secret = secrets.token_urlsafe(24)
    back = f"{keycloak.url}/realms/{name}/broker/prosante-connect/endpoint"
    broker = RelyingSite("organiser", (back,), (f"{back}/logout_response",), secret=secret)
    wallet = make_wallet(keycloak, [broker, *beside], identities, realm=provider)
    wanted = Wanted(
        realm=name,
        provider=addresses("prod", wallet.issuer),
        provider_client_id=broker.client_id,
        provider_secret=secret,
        client_id=site.client_id,
        client_secret=site.secret or "",
        redirect_uris=site.redirect_uris,
        post_logout_uris=site.post_logout_uris,
    )
    realm = Realm(administer(keycloak), name)
    for change in find_changes(realm, wanted) if provisioned else ():
        change.make()
    return Brokered(wallet, realm, wanted)
