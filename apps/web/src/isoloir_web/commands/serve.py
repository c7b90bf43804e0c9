"""``isoloir serve``: the web application of one instance."""

from __future__ import annotations

import click

from isoloir.commands.context import instance_folder, open_instance, run
from isoloir.config.settings import read_settings
from isoloir_web.server import serve_instance
from isoloir_web.workers import serve_in_workers


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="How many processes (PostgreSQL)."
)
@click.pass_context
@run
async def serve(ctx: click.Context, host: str, port: int, workers: int) -> None:
    """Serve the voters' pages, the public ballot box and the results."""
    folder = instance_folder(ctx)
    settings = read_settings(folder)

    def started() -> None:
        click.echo(f"Isoloir: {settings.base_url}")

    if workers > 1:
        await serve_in_workers(folder, settings, host, port, workers, started=started)
        return
    async with open_instance(ctx) as instance:
        await serve_instance(instance, host, port, started=started)
