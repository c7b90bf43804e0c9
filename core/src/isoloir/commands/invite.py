"""`isoloir invite`: what voters will receive, and sending it."""

from __future__ import annotations

import click

from isoloir import lifecycle, notifications
from isoloir.commands.context import console, core_texts, json_option, language, open_instance, run, show_json
from isoloir.commands.election_acts import election_argument, progress_bar
from isoloir.errors import IsoloirError
from isoloir.lifecycle import State
from isoloir.notifications import DeliveryReport
from isoloir.roll import entries

_TOO_EARLY = (State.DRAFT, State.CONFIGURED, State.KEYED)


@click.group()
def invite() -> None:
    """Preview and send the invitations."""


@invite.command()
@election_argument
@json_option
@click.pass_context
@run
async def preview(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Show the invitation of one voter of the roll, with an identifier that is not theirs."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        roll = await entries(instance.store, election.id)
        if not roll:
            raise IsoloirError("roll_empty", election=election.id)
        sample = notifications.invitation(
            election,
            instance.texts_of(election),
            notifications.with_sample_identifier(election, roll[0]),
            base_url=instance.settings.base_url,
            with_identifier=instance.branches_with_identifier(election),
        )
        if as_json:
            show_json({"subject": sample.subject, "text": sample.text})
            return
        out = console()
        out.print(f"{election.sender.name} <{election.sender.address}>", markup=False)
        out.print(f"[bold]{sample.subject}[/bold]\n")
        out.print(sample.text, markup=False)


@invite.command()
@election_argument
@json_option
@click.pass_context
@run
async def send(ctx: click.Context, election_id: str, as_json: bool) -> None:
    """Queue each invitation once, and hand what is due to the notifiers."""
    async with open_instance(ctx) as instance:
        election = instance.election(election_id)
        if await lifecycle.state(instance.store, election.id) in _TOO_EARLY:
            raise IsoloirError("not_sealed", election=election.id)
        invited = await instance.invite(election)
        report = DeliveryReport()
        with progress_bar() as bar:
            task = bar.add_task("", total=invited.queued + invited.letters)
            while (done := await instance.deliver(election)) != DeliveryReport():
                report += done
                bar.update(task, completed=report.accepted + report.failed + report.unknown)
        told = {**vars(invited), **vars(report)}
        if as_json:
            show_json(told)
        else:
            console().print(core_texts().get(language(), "invite.sent", **told))
