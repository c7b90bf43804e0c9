"""The simulator's pages: in French, without JavaScript, marked as a demonstration, in the look of the house."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import Final

from isoloir_prosante_connect.simulator.authority import Asked
from isoloir_prosante_connect.simulator.identities import Identity
from isoloir_prosante_connect.simulator.telephones import Ring

STYLE: Final = (files(__package__) / "simulator.css").read_bytes()
_SHOWN_AT_MOST: Final = 12
_SHOWN_OF_MORE: Final = 4
_ACTS: Final = (
    ("approve", "Approuver", "go"),
    ("other_number", "Ce n’est pas ce nombre", "go plain"),
    ("refuse", "Refuser", "go plain"),
    ("ignore", "Laisser sonner", "go plain"),
)
_DONE: Final = {
    "approve": "La connexion est approuvée. Revenez à la page du vote.",
    "other_number": "La connexion est refusée\u202f: quelqu’un d’autre l’avait demandée.",
    "refuse": "La connexion est refusée.",
    "ignore": "Le téléphone sonne dans le vide\u202f; la demande s’éteindra d’elle-même.",
}
_MEANS: Final = (
    ("CARD", "Carte CPS", "La carte est dans le lecteur, le code est tapé."),
    ("MOBILE", "e-CPS", "La demande est confirmée sur le téléphone."),
)


def _page(title: str, body: str, style: str) -> str:
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{escape(title)} – Simulateur</title>
<link rel="stylesheet" href="{escape(style)}">
</head>
<body>
<header class="mast"><div><div>
<b>Pro Santé Connect simulé</b><small>Simulateur — démonstration</small>
</div></div></header>
<main>
{body}
</main>
<footer><div>
Ce simulateur n’est pas le service Pro Santé Connect. Toutes les personnes y sont inventées.
</div></footer>
</body>
</html>
"""


def login_page(
    asked: Asked, handle: str, identities: tuple[Identity, ...], *, action: str, style: str, error: str = ""
) -> str:
    """Return the page where a means and an identity are chosen; `handle` comes back with the form.

    Of a long list the first are shown; all others are chosen by their number.
    """
    title = "Qui se connecte ?"
    shown = identities if len(identities) <= _SHOWN_AT_MOST else identities[:_SHOWN_OF_MORE]
    people = "".join(
        _choice("identity", one.id, one.name, f"{one.number} – {one.note}" if one.note else one.number, index == 0)
        for index, one in enumerate(shown)
    )
    means = "".join(_choice("means", value, name, hint, value == "CARD") for value, name, hint in _MEANS)
    alert = f'<div class="note stop" role="alert"><b>Erreur\u202f:</b> {escape(error)}</div>' if error else ""
    invalid = ' aria-invalid="true"' if error else ""
    return _page(
        title,
        f"""<p class="step">Connexion demandée par <b>{escape(asked.client.client_id)}</b></p>
<h1>Qui se connecte\u202f?</h1>
<p class="note">Démonstration\u202f: choisissez une identité inventée, comme si vous aviez sa carte
ou son téléphone.</p>
{alert}
<form method="post" action="{escape(action)}">
<input type="hidden" name="request" value="{escape(handle)}">
<fieldset><legend><h2>Moyen d’identification</h2></legend><div class="cards">{means}</div></fieldset>
<fieldset><legend><h2>Identité</h2></legend><div class="cards">{people}</div>
<p class="field"><label for="number">Une autre personne, par son numéro RPPS</label>
<input id="number" name="number" inputmode="numeric" autocomplete="off" maxlength="64"{invalid}></p></fieldset>
<div class="acts"><button class="go">Se connecter</button>
<button class="go plain" name="cancel" value="1">Annuler</button></div>
</form>""",
        style,
    )


def _choice(name: str, value: str, title: str, hint: str, checked: bool) -> str:
    return (
        f'<label class="card list"><input type="radio" name="{name}" value="{escape(value)}"'
        f"{' checked' if checked else ''}><span><b>{escape(title)}</b><span>{escape(hint)}</span></span></label>"
    )


def message_page(title: str, text: str, *, style: str) -> str:
    """Return a page that only says something."""
    return _page(title, f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>", style)


def telephones_page(rings: tuple[Ring, ...], *, action: str, style: str) -> str:
    """Return the page that plays everybody's telephone: one card for each request that waits for an answer."""
    title = "Les téléphones"
    if not rings:
        text = "Aucun téléphone ne sonne. Demandez une connexion par e-CPS, puis actualisez cette page."
        again = f'<div class="acts"><a class="go" href="{escape(action)}">Actualiser</a></div>'
        return _page(title, f"<h1>{title}</h1>\n<p>{text}</p>\n{again}", style)
    shown = "".join(_ring(ring, action) for ring in rings[:_SHOWN_AT_MOST])
    lead = "Application e-CPS simulée\u202f: vérifiez le nombre, puis répondez comme le ferait chaque personne."
    return _page(title, f'<h1>{title}</h1>\n<p class="note">{lead}</p>\n{shown}', style)


def _ring(ring: Ring, action: str) -> str:
    buttons = "".join(
        f'<button class="{kind}" name="act" value="{act}">{label}</button>' for act, label, kind in _ACTS
    )
    return f"""<form class="card" method="post" action="{escape(action)}">
<h2>{escape(ring.identity.name)}</h2>
<p>{escape(ring.identity.number)} – <b>{escape(ring.client_id)}</b> demande une connexion. Approuvez seulement si
sa page montre ce nombre\u202f:</p>
<p class="number">{escape(ring.number)}</p>
<input type="hidden" name="ring" value="{escape(ring.handle)}">
<input type="hidden" name="owner" value="{escape(ring.identity.number)}">
<div class="acts">{buttons}</div>
</form>"""


def answered_page(ring: Ring | None, *, back: str, style: str) -> str:
    """Return what the telephone says once answered; `None` is a request that does not ring any more."""
    title, text = "C’est fait", _DONE.get(ring.answered if ring else "", "Cette demande ne sonne plus.")
    again = f'<div class="acts"><a class="go plain" href="{escape(back)}">Les autres téléphones</a></div>'
    return _page(
        title if ring else "Trop tard", f"<h1>{title if ring else 'Trop tard'}</h1>\n<p>{text}</p>\n{again}", style
    )
