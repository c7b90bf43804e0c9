"""From a record to what the templates print: every sentence, number and moment, and nothing left to compute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from isoloir_minutes import words
from isoloir_minutes.poll_book import WHO, Sheet, shown
from isoloir_minutes.record import Act, AverageStep, Board, CapStep, Contest, ListResult, QuotientStep, Record, Remark

View = dict[str, Any]

ROLES = {"president": "Président", "secretary": "Secrétaire", "delegate": "Délégué de liste", "substitute": "Suppléant", "member": "Membre"}
ACTS = {
    "configured": "Le fichier de l’élection est arrêté.",
    "keyed": "Les clés des urnes sont faites des parts des membres des bureaux.",
    "sealed": "Le système et la liste électorale sont scellés ; l’ordre des listes est tiré au sort.",
    "roll_sealed_again": "La liste électorale est corrigée et scellée de nouveau.",
    "seal_broken": "Les scellés sont rompus ; les clés sont à refaire.",
    "rehearsal_failed": "Le scrutin à blanc n{number} échoue.",
    "rehearsed": "Le scrutin à blanc n{number} est réussi, dépouillé avec les vraies parts des clés.",
    "opened": "Les scellés sont contrôlés ; le vote est autorisé à s’ouvrir à l’heure fixée.",
    "closed": "Urnes, listes d’émargement et compteurs sont figés et scellés.",
    "tallied": "Les urnes sont ouvertes ; le dépouillement est contrôlé et les sièges sont attribués.",
    "published": "Les résultats sont publiés.",
    "archived": "Les fichiers de l’élection sont archivés.",
    "remark_recorded": "Un membre du bureau fait consigner un texte au présent procès-verbal.",
}
RISKS = {
    "typed_mobile": "Le numéro de mobile est saisi par l’électeur quand la liste électorale n’en a pas.",
    "short_window": "Le vote est ouvert moins de vingt-quatre heures.",
    "long_window": "Le vote est ouvert plus de huit jours.",
}
KINDS = {
    "remark": "Observations des membres du bureau",
    "event": "Événements survenus durant le scrutin",
    "intervention": "Interventions effectuées sur le système de vote",
}
TIES = {
    "votes": "à égalité de moyenne, à la liste qui a le plus de voix",
    "lot": "à égalité de moyenne et de voix, par tirage au sort",
    "oldest": "à égalité de moyenne et de voix, au candidat le plus âgé",
    "all": "chacune des listes à égalité a un siège",
}


def minutes(record: Record) -> View:
    """Return what the minutes print."""
    zone = ZoneInfo(record.zone)
    return {
        **_frame(record, "Procès-verbal"),
        "boards": [_board(record, board) for board in record.boards],
        "electors": _electors(record),
        "contests": [_contest(contest) for contest in record.contests],
        "calendar": _calendar(record.calendar, zone),
        "rehearsal": _rehearsal(record, zone),
        "remarks": [
            {"title": title, "texts": [_remark(one, record, zone) for one in record.remarks if one.kind == kind]}
            for kind, title in KINDS.items()
        ],
        "risks": [{"risk": RISKS.get(one.risk, one.risk), "reason": one.reason} for one in record.risks],
        "help": f"{record.phone}, {record.phone_hours}",
        "digests": _digests(record),
        "software": [{"name": name, "version": version} for name, version in record.software.items()],
    }


def poll_book(record: Record, sheet: Sheet, contest_id: str | None) -> View:
    """Return what a poll book prints: of one contest, or of all."""
    zone = ZoneInfo(record.zone)
    contest = None if contest_id is None else record.contest(contest_id)
    entitled = record.electors.roll if contest is None else contest.entitled
    voted = len(sheet.rows)
    return {
        **_frame(record, "Liste d’émargement"),
        "contest": "" if contest is None else contest.title,
        "sentence": f"{words.plural(voted, 'électeur a', 'électeurs ont')} voté sur"
        f" {words.plural(entitled, 'inscrit')}, soit {words.percent(voted, entitled)}.",
        "legend": []
        if contest is not None
        else [
            {"number": str(number), "title": one.title, "voted": words.number(one.poll_book)}
            for number, one in enumerate(record.contests, 1)
        ],
        "rows": [_row(sheet, row, zone, of_all=contest is None) for row in sheet.rows],
        "csv": sheet.sha256,
    }


def _row(sheet: Sheet, row: tuple[str, ...], zone: ZoneInfo, *, of_all: bool) -> list[str]:
    _, last_name, first_name, college = map(shown, row[: len(WHO)])
    hours = row[len(WHO) :]
    if of_all:
        when = words.listed([str(number) for number, hour in enumerate(hours, 1) if hour])
    else:
        when = words.moment(datetime.fromisoformat(hours[0]), zone)
    return [last_name, first_name, college, when]


def _frame(record: Record, paper: str) -> View:
    zone, ended = ZoneInfo(record.zone), record.ended
    return {
        "paper": paper,
        "title": record.title,
        "test": record.test,
        "record": hashlib.sha256(record.to_bytes()).hexdigest(),
        "date": [ended.year, ended.month, ended.day, ended.hour, ended.minute, ended.second],
        "period": [
            {"term": "Ouverture", "value": f"{words.day(record.opens, zone)}, {_hour(record.opens, zone)}"},
            {"term": "Clôture", "value": f"{words.day(record.closes, zone)}, {_hour(record.closes, zone)}"},
            {"term": "Fin du délai accordé", "value": f"{words.day(record.grace_ends, zone)}, {_hour(record.grace_ends, zone)}"},
        ],
        "zone": f"heure légale, {record.zone}",
        "last": words.moment(ended, zone),
    }


def _hour(moment: datetime, zone: ZoneInfo) -> str:
    return words.moment(moment, zone).rpartition(", ")[2]


# --- boards, electors ------------------------------------------------------------------------------------


def _board(record: Record, board: Board) -> View:
    titles = [record.contest(contest).title for contest in board.contests]
    return {
        "name": board.id,
        "contests": titles,
        "rule": _rule(board),
        "members": [
            {"role": ROLES.get(one.role, one.role), "name": one.name or one.id} for one in board.members
        ],
    }


def _rule(board: Board) -> str:
    called = {one.id: one.name or one.id for one in board.members}
    parts = []
    for quorum in board.rule:
        names = [called.get(one, one) for one in quorum.of]
        if quorum.at_least == len(names):
            parts.append(words.listed(names))
        else:
            parts.append(f"au moins {quorum.at_least} parmi {words.listed(names)}")
    return f"Ouvrent l’urne ensemble : {' ; et '.join(parts)}."


def _electors(record: Record) -> View:
    def row(title: str, entitled: int, voted: int, *, total: bool = False) -> View:
        return {
            "title": title,
            "entitled": words.number(entitled),
            "voted": words.number(voted),
            "percent": words.percent(voted, entitled),
            "total": total,
        }

    electors = record.electors
    rows = [row("Liste électorale, tous collèges", electors.roll, electors.voted, total=True)]
    rows += [row(one.title, one.entitled, one.voted) for one in electors.colleges]
    for contest in record.contests:
        rows.append(row(contest.title, contest.entitled, contest.poll_book, total=True))
        rows += [row(one.title, one.entitled, one.voted) for one in contest.colleges if len(contest.colleges) > 1]
    return {"rows": rows}


# --- results ---------------------------------------------------------------------------------------------


def _contest(contest: Contest) -> View:
    names = {one.id: one.name for one in contest.lists}
    return {
        "title": contest.title,
        "figures": [
            {"term": "Inscrits", "value": words.number(contest.entitled)},
            {"term": "Émargements", "value": words.number(contest.poll_book)},
            {"term": "Bulletins dans l’urne", "value": words.number(contest.ballots)},
            {"term": "Votes blancs", "value": words.number(contest.blank) if contest.blank_offered else "non proposés"},
            {"term": "Suffrages exprimés", "value": words.number(contest.expressed)},
            {"term": "Sièges à pourvoir", "value": words.number(contest.seats)},
        ],
        "balance": f"Émargements {words.number(contest.poll_book)} = suffrages exprimés {words.number(contest.expressed)}"
        f" + votes blancs {words.number(contest.blank)}.",
        "lists": [_list(one, contest) for one in contest.lists],
        "order": words.listed([names[one] for one in contest.order]),
        "quotient": _quotient(contest),
        "shares": [
            {"name": names[step.list], "votes": words.number(step.votes), "share": words.decimal(step.share), "seats": words.number(step.seats)}
            for step in contest.steps
            if isinstance(step, QuotientStep)
        ],
        "averages": _averages(contest, names),
        "ends": [_cap(step, names) for step in contest.steps if isinstance(step, CapStep)],
        "lot": _lot(contest, names),
        "unallocated": f"{words.plural(contest.unallocated, 'siège reste non attribué', 'sièges restent non attribués')}."
        if contest.unallocated
        else "",
    }


def _list(one: ListResult, contest: Contest) -> View:
    return {
        "name": one.name,
        "votes": words.number(one.votes),
        "percent": words.percent(one.votes, contest.expressed),
        "seats": words.number(one.seats),
        "elected": list(one.elected),
    }


def _quotient(contest: Contest) -> str:
    if not contest.expressed:
        return "Aucun suffrage n’est exprimé : aucun siège n’est attribué."
    rounded = words.decimal(contest.quotient)
    return (
        f"Quotient électoral : {words.number(contest.expressed)} suffrages exprimés ÷"
        f" {words.plural(contest.seats, 'siège')} = {rounded}."
    )


def _averages(contest: Contest, names: dict[str, str]) -> View:
    """Return the seats at the highest average as one table: a row for each list, a column for each seat."""
    steps = [step for step in contest.steps if isinstance(step, AverageStep)]
    rows = [
        {
            "name": name,
            "cells": [
                {"value": words.decimal(step.averages[one]) if one in step.averages else "–", "won": step.list == one}
                for step in steps
            ],
        }
        for one, name in names.items()
    ]
    told = [
        f"Siège {words.number(step.seat)} : {names[step.list]}"
        + (f" ({TIES[step.tie]})" if step.tie else "")
        + "."
        for step in steps
    ]
    return {"seats": [f"Siège {words.number(step.seat)}" for step in steps], "rows": rows, "told": told}


def _cap(step: CapStep, names: dict[str, str]) -> str:
    return (
        f"{names[step.list]} obtient {words.plural(step.won, 'siège')} et ne présente que"
        f" {words.plural(step.candidates, 'candidat')}."
    )


def _lot(contest: Contest, names: dict[str, str]) -> str:
    used = {step.tie for step in contest.steps if isinstance(step, AverageStep)} & {"lot", "oldest"}
    if not used:
        return ""
    order = " ; ".join(names[one] for one in contest.decided)
    if "lot" in used:
        return f"Tirage au sort consigné par le bureau, dans l’ordre : {order}."
    return f"Ordre consigné par le bureau, du candidat le plus âgé au plus jeune : {order}."


# --- acts ------------------------------------------------------------------------------------------------


def _calendar(acts: Iterable[Act], zone: ZoneInfo) -> list[View]:
    """Return the acts by day."""
    return [
        {"day": day, "acts": [{"hour": words.second(act.at, zone), "text": _act(act)} for act in found]}
        for day, found in groupby(acts, key=lambda act: words.day(act.at, zone))
    ]


def _act(act: Act) -> str:
    text = ACTS.get(act.act, act.act).replace("n{number}", f"n°\u202f{act.details.get('number', '')}")
    reason = act.details.get("reason")
    return f"{text} Motif : {reason}" if reason else text


def _rehearsal(record: Record, zone: ZoneInfo) -> View:
    held = record.rehearsal
    return {
        "sentence": f"Scrutin à blanc n°\u202f{held.number}, tenu le {words.day(held.hour, zone)} dans l’heure qui suit"
        f" {_hour(held.hour, zone)}, avec les vraies parts des clés et sous les mêmes scellés.",
        "contests": [
            {
                "title": record.contest(one.contest).title,
                "ballots": words.number(one.ballots),
                "outcome": "conforme" if one.passed else "non conforme",
                "archive": one.archive,
            }
            for one in held.contests
        ],
    }


def _remark(one: Remark, record: Record, zone: ZoneInfo) -> View:
    board = next(board for board in record.boards if board.id == one.board)
    member = next((sits for sits in board.members if sits.id == one.member), None)
    who = one.member if member is None or not member.name else f"{member.name} ({ROLES.get(member.role, member.role)})"
    if len(record.boards) > 1:
        who = f"{who}, bureau {one.board}"
    return {"who": who, "when": f"{words.day(one.at, zone)}, {words.second(one.at, zone)}", "text": one.text}


def _digests(record: Record) -> View:
    return {
        "seal": [
            {"term": "Système", "value": record.seal.system},
            *(
                {"term": "Liste électorale" if number == 0 else f"Liste électorale, correction {number}", "value": digest}
                for number, digest in enumerate(record.seal.rolls)
            ),
        ],
        "contests": [
            {
                "title": one.title,
                "values": [
                    {"term": f"Archive {one.archive.file}", "value": one.archive.sha256},
                    {"term": "Urne figée", "value": one.box.hash},
                    {"term": "Liste d’émargement", "value": one.poll_book_sha256},
                    {"term": "Élection Belenios", "value": f"{one.archive.uuid} ; {one.archive.fingerprint}"},
                ],
            }
            for one in record.contests
        ],
        "rest": [
            {"term": "Liste d’émargement générale", "value": record.electors.poll_book_sha256},
            {"term": f"Journal, ligne {words.number(record.audit_log.serial)}", "value": record.audit_log.hash},
        ],
    }
