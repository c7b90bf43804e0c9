"""A contest's result, with the arithmetic of its seats step by step."""

from __future__ import annotations

from isoloir_minutes import words
from isoloir_minutes.record import AverageStep, CapStep, Contest, ListResult, QuotientStep
from isoloir_minutes.view.frame import View, pair

TIES = {
    "votes": "à égalité de moyenne, à la liste qui a le plus de voix",
    "lot": "à égalité de moyenne et de voix, par tirage au sort",
    "oldest": "à égalité de moyenne et de voix, au candidat le plus âgé",
    "all": "chacune des listes à égalité a un siège",
}


def contest(one: Contest) -> View:
    """Return what the minutes print of one contest."""
    names = {shown.id: shown.name for shown in one.lists}
    return {
        "title": one.title,
        "figures": _figures(one),
        "balance": f"émargements {words.number(one.poll_book)} = suffrages exprimés {words.number(one.expressed)}"
        f" + votes blancs {words.number(one.blank)}.",
        "lists": [_list(shown, one) for shown in one.lists],
        "order": words.listed([names[shown] for shown in one.order]),
        "unallocated": _unallocated(one),
        "quotient": _quotient(one),
        "shares": [_share(step, names) for step in one.steps if isinstance(step, QuotientStep)],
        "averages": _averages([step for step in one.steps if isinstance(step, AverageStep)], names),
        "caps": [_cap(step, names) for step in one.steps if isinstance(step, CapStep)],
        "lot": _lot(one, names),
    }


def _figures(one: Contest) -> list[View]:
    return [
        pair("Inscrits", words.number(one.entitled)),
        pair("Émargements", words.number(one.poll_book)),
        pair("Bulletins dans l’urne", words.number(one.ballots)),
        pair("Votes blancs", words.number(one.blank) if one.blank_offered else "non proposés"),
        pair("Suffrages exprimés", words.number(one.expressed)),
        pair("Sièges à pourvoir", words.number(one.seats)),
    ]


def _list(shown: ListResult, one: Contest) -> View:
    return {
        "name": shown.name,
        "votes": words.number(shown.votes),
        "percent": words.percent(shown.votes, one.expressed),
        "seats": words.number(shown.seats),
        "elected": ", ".join(shown.elected) or "–",
    }


def _unallocated(one: Contest) -> str:
    if not one.unallocated:
        return ""
    return f"{words.plural(one.unallocated, 'siège reste non attribué', 'sièges restent non attribués')}."


def _quotient(one: Contest) -> str:
    if not one.expressed:
        return "Aucun suffrage n’est exprimé : aucun siège n’est attribué."
    return (
        f"Quotient électoral : {words.number(one.expressed)} suffrages exprimés ÷"
        f" {words.plural(one.seats, 'siège')} = {words.decimal(one.quotient)}."
    )


def _share(step: QuotientStep, names: dict[str, str]) -> View:
    return {
        "name": names[step.list],
        "votes": words.number(step.votes),
        "share": words.decimal(step.share),
        "seats": words.number(step.seats),
    }


def _averages(steps: list[AverageStep], names: dict[str, str]) -> View:
    """Return the seats at the highest average: a row for each list in the running, a column for each seat."""
    running = {one: name for one, name in names.items() if any(one in step.averages for step in steps)}
    return {
        "seats": [f"Siège {words.number(step.seat)}" for step in steps],
        "rows": [{"name": name, "cells": [_cell(step, one) for step in steps]} for one, name in running.items()],
        "told": [
            f"Siège {words.number(step.seat)} : {names[step.list]}{f' ({TIES[step.tie]})' if step.tie else ''}."
            for step in steps
        ],
    }


def _cell(step: AverageStep, one: str) -> View:
    value = words.decimal(step.averages[one]) if one in step.averages else "–"
    return {"value": value, "won": step.list == one}


def _cap(step: CapStep, names: dict[str, str]) -> str:
    return (
        f"{names[step.list]} obtient {words.plural(step.won, 'siège')} et ne présente que"
        f" {words.plural(step.candidates, 'candidat')}."
    )


def _lot(one: Contest, names: dict[str, str]) -> str:
    parted = {step.tie for step in one.steps if isinstance(step, AverageStep)}
    order = " ; ".join(names[shown] for shown in one.decided)
    if "lot" in parted:
        return f"Tirage au sort consigné par le bureau, dans l’ordre : {order}."
    if "oldest" in parted:
        return f"Ordre consigné par le bureau, du candidat le plus âgé au plus jeune : {order}."
    return ""
