"""A real Keycloak that stands for Pro Santé Connect, to test and to show with (extras `keycloak`, `simulator`)."""

from isoloir_prosante_connect.keycloak.pages import log_in, log_out, make_browser
from isoloir_prosante_connect.keycloak.server import Keycloak, keycloak, shared
from isoloir_prosante_connect.keycloak.telephone import NoRing, Ring, Telephone
from isoloir_prosante_connect.keycloak.wallet import PASSWORD, REALM, RelyingSite, Wallet, administer, make_wallet

__all__ = [
    "PASSWORD",
    "REALM",
    "Keycloak",
    "NoRing",
    "RelyingSite",
    "Ring",
    "Telephone",
    "Wallet",
    "administer",
    "keycloak",
    "log_in",
    "log_out",
    "make_browser",
    "make_wallet",
    "shared",
]
