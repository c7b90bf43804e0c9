"""What was done, and when: the calendar from the audit log, the rehearsal, what members had written, risks taken."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from isoloir_minutes import words
from isoloir_minutes.record import Act, Record, Rehearsed, Remark
from isoloir_minutes.view.frame import View, hour, pair
from isoloir_minutes.view.people import called, role

ACTS = {
    "configured": "Le fichier de l’élection est arrêté.",
    "ceremony_begun": "La cérémonie des clés commence.",
    "ceremony_document": "Cérémonie des clés : {member} remet {round}.",
    "substitute_ready": "La copie de la part d’un membre est préparée pour son suppléant.",
    "member_replaced": "Un membre est remplacé par son suppléant, qui reçoit la copie de sa part : {who}.",
    "keyed": "Les clés des urnes sont faites des parts des membres des bureaux.",
    "sealed": "Le système et la liste électorale sont scellés ; l’ordre des listes est tiré au sort.",
    "correction_proposed": "Un membre du bureau propose une correction de la liste électorale.",
    "roll_sealed_again": "La liste électorale est corrigée et scellée de nouveau.",
    "seal_broken": "Les scellés sont rompus ; les clés sont à refaire.",
    "rehearsal_failed": "Le scrutin à blanc n° {number} échoue.",
    "rehearsed": "Le scrutin à blanc n° {number} est réussi, dépouillé avec les vraies parts des clés.",
    "rehearsing": "L’élection d’essai est ouverte sans scrutin à blanc : elle en est un.",
    "opened": "Les scellés sont contrôlés ; urnes, listes d’émargement et compteurs sont constatés vides ;"
    " le vote est autorisé à s’ouvrir à l’heure fixée.",
    "extension_proposed": "Un membre du bureau propose de prolonger le vote jusqu’au {closes}.",
    "extended": "Un autre membre le confirme : le vote est prolongé jusqu’au {closes}.",
    "closed": "Urnes, listes d’émargement et compteurs sont figés et scellés.",
    "lot_recorded": "Un tirage au sort, ou l’ordre des âges, est enregistré pour départager des listes.",
    "lot_confirmed": "Un autre membre du bureau confirme cet ordre.",
    "tallied": "Les urnes sont ouvertes ; le dépouillement est contrôlé et les sièges sont attribués.",
    "published": "Les résultats sont publiés.",
    "archived": "Les fichiers de l’élection sont archivés.",
    "seal_drifted": "Alerte : un contrôle trouve le système ou la liste électorale autres que scellés.",
    "seal_holds_again": "Un contrôle trouve le système et la liste électorale de nouveau tels que scellés.",
    "remark_recorded": "Un membre du bureau fait consigner un texte au présent procès-verbal.",
}
ROUNDS = {
    "key": "sa clé",
    "certificate": "le certificat de sa clé",
    "contribution": "sa contribution à la clé commune",
    "acknowledgement": "l’accusé de réception des parts des autres",
    "complaint": "une plainte",
}
RISKS = {
    "typed_mobile": "Le numéro de mobile est saisi par l’électeur quand la liste électorale n’en a pas.",
    "short_window": "Le vote est ouvert moins de vingt-quatre heures.",
    "long_window": "Le vote est ouvert plus de huit jours.",
    "fragile_board": "La perte d’une seule part de clé empêcherait d’ouvrir une urne.",
    "few_delegates": "Les délégués de liste détiennent moins des deux tiers des parts de clé.",
}
DRILLS = {
    "vote": "Un électeur d’essai vote",
    "before_opening": "Entrer avant l’ouverture",
    "wrong_identifier": "Identifiant inconnu",
    "stranger": "Personne qui n’est pas sur la liste électorale",
    "wrong_number": "Numéro d’ordre faux",
    "wrong_code": "Mot de passe faux",
    "altered": "Bulletin altéré",
    "votes_twice": "Second vote",
    "tracker": "Retrouver son numéro de suivi dans l’urne publique",
    "after_close": "Entrer après la clôture",
    "grace": "Voter dans le délai, pour qui était déjà connecté",
    "after_grace": "Voter après le délai",
    "poll_book": "Émargements et reçus comparés",
}
"""What a rehearsal tries on purpose, in the order in which it is printed."""
RAN = {
    "real": "le vrai greffon",
    "real, simulator": "le vrai greffon, face à un simulateur du fournisseur",
    "outbox": "une boîte d’envoi à la place de la passerelle",
}
KINDS = {
    "remark": "Observations des membres du bureau",
    "event": "Événements survenus durant le scrutin",
    "intervention": "Interventions effectuées sur le système de vote",
}


def calendar(record: Record) -> list[View]:
    """Return the acts in their order, to the second."""
    zone = ZoneInfo(record.zone)
    return [{"when": words.to_the_second(act.at, zone), "text": _act(act, record)} for act in record.calendar]


def _act(act: Act, record: Record) -> str:
    text = ACTS[act.act].replace("{number}", str(act.details.get("number", "")))
    sits = [one for board in record.boards if board.id == act.details.get("board") for one in board.members]
    who = [f"{one.name}, par {one.substitute}" for one in sits if one.id == act.details.get("member")]
    text = text.replace("{who}", "".join(who))
    if closes := act.details.get("closes"):
        text = text.replace("{closes}", words.moment(datetime.fromisoformat(str(closes)), ZoneInfo(record.zone)))
    member = [one.name for one in sits if one.id == act.details.get("member")]
    text = text.replace("{member}", "".join(member) or "un membre")
    text = text.replace("{round}", ROUNDS.get(str(act.details.get("round")), "un document"))
    reason = act.details.get("reason")
    return f"{text} Motif : {reason}" if reason else text


def rehearsal(record: Record) -> View | None:
    """Return the rehearsal under which the vote opened; none in a rehearsal's own minutes."""
    zone, held = ZoneInfo(record.zone), record.rehearsal
    if held is None:
        return None
    return {
        "sentence": f"Scrutin à blanc n° {held.number}, tenu le {words.day(held.hour, zone)} dans l’heure qui"
        f" suit {hour(held.hour, zone)}, avec les vraies parts des clés et sous les mêmes scellés.",
        "proved": [
            {"board": board.id, "members": called(board, held.proved.get(board.id, ()))} for board in record.boards
        ],
        "contests": [
            {
                "title": record.contest(one.contest).title,
                "ballots": words.number(one.ballots),
                "outcome": "conforme" if one.passed else "non conforme",
            }
            for one in held.contests
        ],
        "drills": [_shares(record, one) for one in held.contests],
        "minutes": held.minutes_sha256,
    }


def _shares(record: Record, one: Rehearsed) -> View:
    """Return what was tried with the shares of one contest: members absent, decryptions damaged."""
    contest = record.contest(one.contest)
    (board,) = (board for board in record.boards if board.id == contest.board)
    return {
        "title": contest.title,
        "without": called(board, one.without) or "personne",
        "refused": called(board, one.refused) or "personne",
    }


def played(record: Record) -> View:
    """Return how test voters went through the scratch election: of the rehearsal told of, or of this one."""
    told = record.played if record.rehearsal is None else record.rehearsal.played
    assert told is not None
    titles = {branch.id: branch.title for branch in told.branches}
    return {
        "branches": [
            {
                "title": branch.title,
                "voters": f"{words.plural(branch.voters, 'électeur d’essai a', 'électeurs d’essai ont')} voté"
                if branch.voters
                else "non éprouvée, faute d’identités d’essai",
            }
            for branch in told.branches
        ],
        "drills": [
            {
                "what": DRILLS[one.what],
                "branch": titles.get(one.branch, "–"),
                "codes": ", ".join(one.codes) or "–",
                "outcome": "conforme" if one.held else "non conforme",
            }
            for one in sorted(told.drills, key=lambda one: (list(DRILLS).index(one.what), one.branch))
        ],
        "plugins": [pair(name, RAN[how]) for name, how in told.plugins.items()],
        "differences": ", ".join(told.differences) or "aucune",
    }


def remarks(record: Record) -> list[View]:
    """Return what members had written, under the three headings of CGFP R.211-577."""
    return [
        {"title": title, "texts": [_remark(one, record) for one in record.remarks if one.kind == kind]}
        for kind, title in KINDS.items()
    ]


def _remark(one: Remark, record: Record) -> View:
    board = next(board for board in record.boards if board.id == one.board)
    member = next((sits for sits in board.members if sits.id == one.member), None)
    who = one.member if member is None else f"{member.name} ({role(member).lower()})"
    if len(record.boards) > 1:
        who = f"{who}, bureau {one.board}"
    paragraphs = [line for line in one.text.split("\n") if line.strip()]
    return {"who": who, "when": words.to_the_second(one.at, ZoneInfo(record.zone)), "paragraphs": paragraphs}


def risks(record: Record) -> list[View]:
    """Return the risks that the organiser took, each with the reason."""
    return [{"risk": RISKS.get(one.risk, one.risk), "reason": one.reason} for one in record.risks]
