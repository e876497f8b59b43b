"""`openclaw-gateway channels list`, `setup` and `test`: the accounts of the configuration.

They read the configuration themselves and speak to the platforms, so no gateway has to run.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import aiohttp
import typer

from openclaw_channels.base import Account, ChannelContext, ChannelError, ChannelPlugin
from openclaw_channels.inbound import Finding, Setup
from openclaw_channels.registry import ChannelLoadError, accounts_of, load_channels
from openclaw_cli.errors import FAILED, UNUSABLE, CommandFailed
from openclaw_cli.lines import table
from openclaw_cli.surroundings import Json, Surroundings, run
from openclaw_common.runtime.config import Config, ConfigError, load_config
from openclaw_common.runtime.config.channels import NOT_CHANNELS
from openclaw_common.runtime.egress.fetch import Egress

PREFIX: Final = "/api/channels"
TIMEOUT_S: Final = 30.0
"""How long a platform may take for one request, in seconds."""

Name = Annotated[str, typer.Argument(metavar="CHANNEL", help="telegram, discord, signal, slack, …")]
AccountName = Annotated[str | None, typer.Option("--account", help="One account alone.")]
ConfigPath = Annotated[
    Path | None, typer.Option("--config", help="Configuration file; default: as for `up`.")
]

app = typer.Typer(help="Look at the accounts of channels, and set them up.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, config: ConfigPath = None, as_json: Json = False) -> None:
    """Print the accounts of the configuration and how messages come in."""

    async def command() -> int:
        rows = []
        async with _platforms(context, config) as platforms:
            for plugin, account in platforms.accounts():
                ways = platforms.ways_in(plugin, account)
                rows.append((plugin.id, account.account_id, ", ".join(ways) or "nothing comes in"))
        if as_json:
            keys = ("channel", "account_id", "inbound")
            typer.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in rows]))
        else:
            typer.echo(table(rows))
        return 0

    run(command())


@app.command()
def setup(
    context: typer.Context,
    name: Name,
    public_url: Annotated[
        str, typer.Option(help="The gateway's URL as the platform reaches it, https://…")
    ],
    account: AccountName = None,
    config: ConfigPath = None,
    as_json: Json = False,
) -> None:
    """Tell the platform where to post, and verify it; exits with 1 when that failed."""
    url = public_url.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise typer.BadParameter("must be an http(s) URL without a query, as https://claw.example")
    _speak(context, config, name, account, lambda found: found.register(url), as_json=as_json)


@app.command("test")
def examine(
    context: typer.Context,
    name: Name,
    account: AccountName = None,
    config: ConfigPath = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with the configuration of a channel; exits with 1 when anything is."""
    _speak(context, config, name, account, lambda found: found.test(), as_json=as_json)


def _speak(
    context: typer.Context,
    path: Path | None,
    name: str,
    only: str | None,
    ask: Callable[[Setup], Awaitable[Sequence[Finding]]],
    *,
    as_json: bool,
) -> None:
    async def command() -> int:
        told: list[tuple[str, Finding]] = []
        async with _platforms(context, path) as platforms:
            for plugin, account in platforms.accounts(name, only):
                told += [
                    (account.account_id, f) for f in await platforms.findings(plugin, account, ask)
                ]
        if as_json:
            typer.echo(json.dumps([{"account_id": who, **asdict(found)} for who, found in told]))
        else:
            for who, found in told:
                typer.echo(_line(who, found))
        return 0 if all(found.ok for _, found in told) else FAILED

    run(command())


def _line(account_id: str, found: Finding) -> str:
    mark = "ok  " if found.ok else "BAD "
    advice = f" — {found.advice}" if found.advice and not found.ok else ""
    return f"{mark} {account_id}: {found.what}{advice}"


class _Platforms:
    """The channels of the configuration, and a client that speaks to their platforms."""

    def __init__(self, surroundings: Surroundings, config: Config) -> None:
        try:
            self._plugins = load_channels()
        except ChannelLoadError as error:
            raise CommandFailed(str(error), UNUSABLE) from None
        self._environ = surroundings.environ
        self._config = config

    async def __aenter__(self) -> _Platforms:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._http = aiohttp.ClientSession(timeout=timeout)
        self._context = ChannelContext(self._http, Egress(self._config.egress))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    def accounts(
        self, name: str | None = None, only: str | None = None
    ) -> Iterator[tuple[ChannelPlugin, Account]]:
        """Yield the enabled accounts. Raises CommandFailed where one that is named is missing."""
        wanted = [name] if name else sorted(set(self._config.channels) - NOT_CHANNELS)
        for channel in wanted:
            plugin, section = self._plugins.get(channel), self._config.channels.get(channel)
            if plugin is None:
                known = ", ".join(sorted(self._plugins))
                raise CommandFailed(f"There is no channel {channel!r}; there are: {known}.")
            if section is None:
                raise CommandFailed(f"channels.{channel} is not configured; add it to the file.")
            try:
                found = accounts_of(plugin, section, self._environ)
            except ChannelError as error:
                raise CommandFailed(str(error), UNUSABLE) from None
            if only is not None and only not in found:
                raise CommandFailed(f"channels.{channel} has no enabled account {only!r}.")
            chosen = [found[only]] if only else found.values()
            for account in {account.account_id: account for account in chosen}.values():
                yield plugin, account

    def ways_in(self, plugin: ChannelPlugin, account: Account) -> list[str]:
        """Return how messages of an account come in."""
        ways = []
        try:
            if plugin.receiver is not None and plugin.receiver(account, self._context) is not None:
                ways.append("connection")
        except ChannelError as error:
            ways.append(f"no connection: {error}")
        for route in plugin.webhooks:
            try:
                route.reader(account)
            except ChannelError:
                continue
            ways.append(f"{PREFIX}/{plugin.id}/{account.account_id}/{route.name}")
        return ways

    async def findings(
        self,
        plugin: ChannelPlugin,
        account: Account,
        ask: Callable[[Setup], Awaitable[Sequence[Finding]]],
    ) -> Sequence[Finding]:
        """Return what the platform says of an account."""
        if plugin.setup is None:
            return [Finding(ok=True, what=f"{plugin.id} needs no setting up")]
        try:
            return await ask(plugin.setup(account, self._context))
        except ChannelError as error:
            return [Finding(False, "the settings cannot be used", str(error))]
        except (aiohttp.ClientError, OSError) as error:
            advice = f"{type(error).__name__}: {error}"
            return [Finding(False, "the platform cannot be reached", advice)]


def _platforms(context: typer.Context, path: Path | None) -> _Platforms:
    surroundings = Surroundings.of(context)
    try:
        loaded = load_config(
            surroundings.environ, path, require_auth=False, working_directory=surroundings.folder
        )
    except ConfigError as error:
        raise CommandFailed(str(error), UNUSABLE) from None
    return _Platforms(surroundings, loaded.config)
