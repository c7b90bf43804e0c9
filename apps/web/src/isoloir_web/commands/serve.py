"""``isoloir serve``: the web application of one instance."""

from __future__ import annotations

import click

from isoloir.commands.context import open_instance, run
from isoloir_web.server import serve_instance


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
@click.pass_context
@run
async def serve(ctx: click.Context, host: str, port: int) -> None:
    """Serve the voters' pages, the public ballot box and the results."""
    async with open_instance(ctx) as instance:
        address = instance.settings.base_url

        def started() -> None:
            click.echo(f"Isoloir: {address}")

        await serve_instance(instance, host, port, started=started)
