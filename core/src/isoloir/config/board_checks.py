"""What a board's members and its rule cannot be together: nobody counts twice, and no lost share locks a box.

Sources: CGFP R.211-536 (composition), R.211-545 (two thirds of the shares with delegates, nobody holds the shares of
two); June 2024, when a ballot box stayed shut for six days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from isoloir.config.board import GROUPS
from isoloir.config.located import Found, KeyPath, near
from isoloir.config.raw import Raw, at, items, table, tables, twice


def board_checks(raw: Raw, risks: Collection[str]) -> Iterator[Found]:
    """Yield every mistake of the boards; `risks` are those that the organiser accepts."""
    for name in table(raw, "boards"):
        board = table(raw, "boards", name)
        members = {one: member for one, member in table(board, "members").items() if isinstance(member, Mapping)}
        path: KeyPath = ("boards", name)
        yield from _persons(members, (*path, "members"))
        if members and all(member.get("role") in GROUPS["members"] for member in members.values()):
            yield from _rule(board, members, path, "fragile_board" in risks)
            delegates = sum(member.get("role") == "delegate" for member in members.values())
            if 3 * delegates < 2 * len(members) and "few_delegates" not in risks:
                told = {"delegates": delegates, "members": len(members)}
                yield Found((*path, "members"), "board_few_delegates", told)


def _persons(members: Mapping[str, Raw], path: KeyPath) -> Iterator[Found]:
    seats = [(one, key) for one in members for key in ("name", "substitute")]
    persons = [members[one].get(key) for one, key in seats]
    yield from twice(persons, lambda place: (*path, *seats[place]), "person_twice", fold=True)
    roles: set[str] = set()
    for one, member in members.items():
        role = member.get("role")
        if role in GROUPS["officers"]:
            if role in roles:
                yield Found((*path, one, "role"), "role_twice")
            roles.add(role)


def _rule(board: Raw, members: Mapping[str, Raw], path: KeyPath, fragile_accepted: bool) -> Iterator[Found]:
    quorums = list(tables(table(board, "rule"), "all"))
    if not quorums:
        if "rule" not in board and not fragile_accepted:
            yield Found((*path, "members"), "board_fragile", {"members": len(members)})
        return
    counted: Counter[str] = Counter()
    for index, quorum in quorums:
        where: KeyPath = (*path, "rule", "all", index)
        named = _named(quorum, members)
        yield from _strangers(quorum, members, where)
        yield from twice(items(quorum, "of"), at(*where, "of"))
        for one in named:
            counted[one] += 1
            if counted[one] == 2:
                yield Found((*where, "of"), "member_counts_twice", {"member": one})
        at_least = quorum.get("at_least")
        if not named or not isinstance(at_least, int) or isinstance(at_least, bool):
            continue
        if at_least > len(named):
            yield Found((*where, "at_least"), "quorum_impossible", {"members": len(named)})
        elif at_least == len(named) and not fragile_accepted:
            yield Found((*where, "at_least"), "board_fragile", {"members": len(named)})
    strangers = any(_strangers(quorum, members, path) for _, quorum in quorums)
    for one in members:
        if not counted[one] and not strangers:
            yield Found((*path, "members", one), "member_without_share")


def _named(quorum: Raw, members: Mapping[str, Raw]) -> list[str]:
    of = quorum.get("of")
    if isinstance(of, str):
        return [one for one, member in members.items() if member.get("role") in GROUPS.get(of, ())]
    return list(dict.fromkeys(one for one in items(quorum, "of") if isinstance(one, str) and one in members))


def _strangers(quorum: Raw, members: Mapping[str, Raw], path: KeyPath) -> list[Found]:
    of = quorum.get("of")
    if isinstance(of, str):
        if of not in GROUPS:
            return [Found((*path, "of"), "group_unknown", near(of, set(GROUPS)))]
        return [] if _named(quorum, members) else [Found((*path, "of"), "group_empty", {"group": of})]
    return [
        Found((*path, "of", index), "member_unknown", near(one, set(members)))
        for index, one in enumerate(items(quorum, "of"))
        if isinstance(one, str) and one not in members
    ]
