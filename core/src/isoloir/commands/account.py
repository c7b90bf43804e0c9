"""``isoloir account``: personal accounts of board members and organisers."""

from __future__ import annotations

import click
from rich.table import Table

from isoloir import notifications
from isoloir.accounts import directory
from isoloir.accounts.account import Account, Role
from isoloir.accounts.directory import Invitation, Person
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument
from isoloir.config.election import ElectionFile
from isoloir.instance import Instance
from isoloir.texts import LOCALES

name_argument = click.argument("name")


@click.group()
def account() -> None:
    """Personal accounts of board members and organisers."""


@account.command()
@election_argument
@name_argument
@click.option("--display", required=True, help="The person, as the minutes will name them.")
@click.option("--email", required=True, help="Their own address: the activation link goes there.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="member", show_default=True)
@click.option("--board", "board_id", default="", help="A member's board, by its id in the election file.")
@click.option("--member", default="", help="Which member of it, by id.")
@click.option("--locale", type=click.Choice(LOCALES), default=LOCALES[0], show_default=True, help="Their language.")
@json_option
@click.pass_context
@run
async def new(
    ctx: click.Context,
    election_id: str,
    name: str,
    display: str,
    email: str,
    role: str,
    board_id: str,
    member: str,
    locale: str,
    as_json: bool,
) -> None:
    """Make an account under NAME. Its holder activates it with a link and a code."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        person = Person(name, display, email, Role(role), board_id, member, locale)
        made = await directory.new(instance.store, instance.keys, election, instance.clock, person)
        await _hand_over(instance, election, made, "made", as_json)


@account.command(name="list")
@election_argument
@json_option
@click.pass_context
@run
async def list_command(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Show the accounts of an election."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        found = await directory.everybody(instance.store, election.id)
    texts, locale = core_texts(), language(ctx)
    if as_json:
        show_json([_told(one) for one in found])
        return
    if not found:
        console().print(texts.get(locale, "account.none"))
        return
    table = Table(box=None, show_header=False)
    for one in found:
        role = texts.get(locale, f"account.role.{one.role.value}")
        seat = f"{one.board} / {one.member}" if one.member else ""
        table.add_row(one.name, one.display, role, seat, texts.get(locale, f"account.state.{one.state}"), one.id)
    console().print(table)


@account.command()
@election_argument
@name_argument
@json_option
@click.pass_context
@run
async def disable(ctx: click.Context, election_id: str, name: str, as_json: bool) -> None:
    """Shut the account NAME; whoever is logged in with it is out at once."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        shut = await directory.disable(instance.store, election, instance.clock, name)
    if as_json:
        show_json({**_told(shut), "state": "disabled"})
    else:
        console().print(core_texts().get(language(ctx), "account.disabled", name=shut.name))


@account.command()
@election_argument
@name_argument
@json_option
@click.pass_context
@run
async def reset(ctx: click.Context, election_id: str, name: str, as_json: bool) -> None:
    """Take the secrets of the account NAME back; its holder activates it anew."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        made = await directory.reset(instance.store, instance.keys, election, instance.clock, name)
        await _hand_over(instance, election, made, "reset", as_json)


async def _hand_over(instance: Instance, election: ElectionFile, made: Invitation, what: str, as_json: bool) -> None:
    """Queue the link where there is an e-mail carrier, else show it; the code is shown to be told another way."""
    by_mail = "email" in election.notifiers
    if by_mail:
        message = directory.letter(election, instance.texts_of(election), made, instance.settings.base_url)
        await notifications.queue(instance.store, instance.keys, election, instance.clock, [message])
        await instance.deliver(election)
    link = "" if by_mail else made.address(instance.settings.base_url, election.id)
    if as_json:
        show_json({**_told(made.account), "state": "invited", "code": made.code, **({"link": link} if link else {})})
        return
    texts, locale, out = core_texts(), language(), console()
    out.print(texts.get(locale, f"account.{what}", name=made.account.name, id=made.account.id))
    if link:
        out.print(texts.get(locale, "account.link", link=link), soft_wrap=True, markup=False)
    else:
        out.print(texts.get(locale, "account.sent", email=made.account.email), soft_wrap=True, markup=False)
    out.print(texts.get(locale, "account.code", code=made.code), soft_wrap=True, markup=False)


def _told(one: Account) -> dict[str, str]:
    return {
        "id": one.id,
        "name": one.name,
        "display": one.display,
        "role": one.role.value,
        "board": one.board,
        "member": one.member,
        "state": one.state,
    }
