"""What one account of a channel says about who may write to it, and how it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from openclaw_common.contracts.inbound import InboundMessage, Sender
from openclaw_common.runtime.config import Config

ANYBODY: Final = "*"
ROLE: Final = "role:"
_PREFIXES: Final = ("user:", "uuid:", "id:")
DM_POLICIES: Final = ("pairing", "allowlist", "open", "disabled")
GROUP_POLICIES: Final = ("allowlist", "open", "disabled")


@dataclass(frozen=True, slots=True)
class ChatRule:
    """What is said of one group, channel or topic; None where nothing is.

    `listed` says that the chat itself is named, not only `*`. `users` is None where it names none.
    """

    listed: bool = False
    enabled: bool = True
    require_mention: bool = True
    users: tuple[str, ...] | None = None
    history_limit: int | None = None
    skips_dm_list: bool = False
    """Whether who may write direct messages says nothing about this chat."""


@dataclass(frozen=True, slots=True)
class AccountRules:
    """The rules of one account, from its settings as the configuration file has them."""

    channel: str
    account_id: str
    settings: Mapping[str, Any]
    defaults: Mapping[str, Any]
    """Those of `channels.defaults`, for what the account leaves out."""

    @property
    def dm_policy(self) -> str:
        """`pairing`, `allowlist`, `open` or `disabled`."""
        dm = self._object("dm")
        said = self._said("dmPolicy") or dm.get("policy")
        if dm.get("enabled") is False:
            return "disabled"
        return said if said in DM_POLICIES else "pairing"

    @property
    def group_policy(self) -> str:
        """`allowlist`, `open` or `disabled`."""
        said = self._said("groupPolicy")
        return said if said in GROUP_POLICIES else "allowlist"

    @property
    def allow_from(self) -> tuple[str, ...]:
        """Who may write direct messages."""
        return _words(self._said("allowFrom")) or _words(self._object("dm").get("allowFrom")) or ()

    @property
    def group_allow_from(self) -> tuple[str, ...]:
        """Who may write in groups, where a group itself does not say."""
        return _words(self._said("groupAllowFrom")) or ()

    @property
    def allows_bots(self) -> bool:
        """Whether other bots are listened to."""
        return self._said("allowBots") is True

    @property
    def replies_to_message(self) -> bool:
        """Whether an answer quotes the message that it answers."""
        return self._said("replyToMode") in ("first", "all", "batched")

    @property
    def tells_reactions(self) -> bool:
        """Whether the agent hears of reactions to what it wrote."""
        return self._said("reactionNotifications") not in ("off", None, False)

    def history_limit(self, rule: ChatRule, default: int) -> int:
        """How many unaddressed messages of a chat the agent is shown."""
        for said in (rule.history_limit, self._said("historyLimit")):
            if isinstance(said, int) and not isinstance(said, bool):
                return said
        return default

    def chat(self, message: InboundMessage) -> ChatRule | None:
        """Return the rule of a group message's chat; None where only others are listed."""
        chats, of_groups, outer = self._chats(message)
        if not chats:
            return _rule((outer,), listed=False, skips_dm_list=not of_groups) if outer else _bare()
        entry = chats.get(message.chat_id)
        listed = entry is not None
        if entry is None:
            entry = chats.get(ANYBODY)
        if entry is None:
            return None
        topics = _table(_as_object(entry).get("topics"))
        topic = topics.get(message.thread_id or "") if message.thread_id else None
        layers = (outer, _as_object(entry), _as_object(topic))
        return _rule(layers, listed=listed, skips_dm_list=not of_groups)

    def _chats(self, message: InboundMessage) -> tuple[Mapping[str, Any], bool, Mapping[str, Any]]:
        """The table of chats, whether it is `groups`, and what stands around it."""
        guilds = _table(self._said("guilds"))
        if guilds:
            guild = guilds.get(message.guild_id or "", guilds.get(ANYBODY))
            if guild is None:
                return {"": {}}, False, {}
            channels = _table(_as_object(guild).get("channels"))
            return channels, False, {"listed": True, **_as_object(guild)}
        channels = _table(self._said("channels"))
        if channels:
            return channels, False, {}
        return _table(self._said("groups")), True, {}

    def _said(self, key: str) -> Any:
        said = self.settings.get(key)
        return self.defaults.get(key) if said is None else said

    def _object(self, key: str) -> Mapping[str, Any]:
        return _as_object(self.settings.get(key))


def channel_defaults(config: Config) -> Mapping[str, Any]:
    """Return what `channels.defaults` says, under the names of the file."""
    section = config.channels.get("defaults")
    if section is None:
        return {}
    fields = type(section).model_fields
    said = {
        str(fields[n].alias): getattr(section, n) for n in section.model_fields_set & set(fields)
    }
    return {**(section.model_extra or {}), **said}


def matches(sender: Sender, allowed: tuple[str, ...], channel: str) -> bool:
    """Whether a list of ids names a sender. Names that people may change do not count."""
    ids = {sender.id.lower()}
    if channel == "signal" and sender.username:
        # A Signal user has an ACI and a number, and both are the user's own.
        ids.add(sender.username.lower())
    ids.update(f"{ROLE}{role}".lower() for role in sender.roles)
    return any(entry == ANYBODY or _bare_id(entry, channel) in ids for entry in allowed)


def _bare_id(entry: str, channel: str) -> str:
    text = entry.strip().lower().removeprefix(f"{channel}:")
    if channel == "telegram":
        text = text.removeprefix("tg:")
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix)
    return text.removeprefix("<@").removesuffix(">")


def _rule(layers: tuple[Mapping[str, Any], ...], *, listed: bool, skips_dm_list: bool) -> ChatRule:
    said: dict[str, Any] = {}
    for layer in layers:
        said.update({key: value for key, value in layer.items() if value is not None})
    users = _words(said.get("users"))
    if users is None:
        users = _words(said.get("allowFrom"))
    roles = _words(said.get("roles"))
    if roles:
        users = (*(users or ()), *(f"{ROLE}{role}" for role in roles))
    limit = said.get("historyLimit")
    return ChatRule(
        listed=listed or said.get("listed") is True,
        enabled=said.get("enabled") is not False and said.get("allow") is not False,
        require_mention=said.get("requireMention") is not False,
        users=users,
        history_limit=limit if isinstance(limit, int) else None,
        skips_dm_list=skips_dm_list,
    )


def _bare() -> ChatRule:
    return ChatRule()


def _as_object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _table(value: Any) -> Mapping[str, Any]:
    return {str(key): item for key, item in _as_object(value).items()}


def _words(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    return tuple(_texts(value))


def _texts(values: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield str(value)
