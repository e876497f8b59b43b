"""Credentials from elsewhere, and that none is ever shown."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from openclaw_common.runtime.config import Config, ConfigError, LoadedConfig
from openclaw_common.runtime.config.base import seal
from openclaw_common.runtime.config.secrets import MAX_SECRET_BYTES

Load = Callable[..., LoadedConfig]
Problems = Callable[..., list[str]]


def _shown(secret: SecretStr | str | None) -> str | None:
    return secret.get_secret_value() if isinstance(secret, SecretStr) else secret


@pytest.mark.parametrize("name", ["TOKEN", "PASSWORD"])
def test_a_credential_may_be_a_mounted_file(name: str, load: Load, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n", encoding="utf-8")
    loaded = load({}, {f"OPENCLAW_GATEWAY_{name}_FILE": str(file)})
    assert _shown(getattr(loaded.config.gateway.auth, name.lower())) == "from-file"
    assert loaded.config.gateway.auth.mode == name.lower()


def test_the_redis_url_may_be_a_mounted_file(load: Load, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("rediss://:pw@redis:6380/1\n", encoding="utf-8")
    redis = load(None, {"OPENCLAW_REDIS_URL_FILE": str(file)}).config.redis
    assert redis.configured
    assert (redis.address.hosts, redis.address.password) == ((("redis", 6380),), "pw")


def test_a_secrets_directory_gives_variables_by_file_name(load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    data = folder / "..data"
    data.mkdir(parents=True)
    for name, value in {"OPENAI_API_KEY": "sk-1", "OPENCLAW_GATEWAY_TOKEN": "t", "A": "a"}.items():
        (data / name).write_text(value + "\n", encoding="utf-8")
        (folder / name).symlink_to(data / name)
    (folder / "notes.txt").write_text("not a variable", encoding="utf-8")
    config = load(
        {"agents": {"entries": {"main": {"name": "${A}"}}}},
        {"OPENCLAW_SECRETS_DIR": str(folder), "A": "environment"},
    ).config
    assert _shown(config.gateway.auth.token) == "t"
    assert _shown(config.models.providers["openai"].api_key) == "sk-1"
    assert config.agents.entries["main"].name == "environment"


def test_mounted_secrets_win_over_env_files(load: Load, here: Path, tmp_path: Path) -> None:
    (here / ".env").write_text("OPENCLAW_GATEWAY_TOKEN=dotenv\n", encoding="utf-8")
    file = tmp_path / "secret"
    file.write_text("mounted", encoding="utf-8")
    loaded = load(None, {"OPENCLAW_GATEWAY_TOKEN_FILE": str(file)})
    assert _shown(loaded.config.gateway.auth.token) == "mounted"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file or directory"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff", "is not UTF-8 text"),
        (b"x" * (MAX_SECRET_BYTES + 1), "is larger than 65536 bytes"),
    ],
)
def test_a_mounted_file_without_a_usable_secret_is_refused(
    content: bytes | None, complaint: str, load: Load, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{file}.*{complaint}"):
        load(None, {"OPENCLAW_GATEWAY_TOKEN_FILE": str(file)})


def test_a_secrets_directory_that_is_missing_is_refused(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"OPENCLAW_SECRETS_DIR: .* cannot be read"):
        load(None, {"OPENCLAW_SECRETS_DIR": str(tmp_path / "no")})


def test_a_secret_given_as_text_and_as_file_is_refused(load: Load, tmp_path: Path) -> None:
    environ = {"OPENCLAW_GATEWAY_TOKEN": "a", "OPENCLAW_GATEWAY_TOKEN_FILE": str(tmp_path)}
    with pytest.raises(ConfigError, match="OPENCLAW_GATEWAY_TOKEN_FILE are both set"):
        load(None, environ)


def _ref(source: str, id_: str, **more: str) -> dict[str, str]:
    return {"source": source, "id": id_, **more}


def test_references_stand_for_credentials_anywhere(load: Load, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "key").write_text("sk-file\n", encoding="utf-8")
    (tmp_path / "config" / "all.json").write_text(
        json.dumps({"a/b": {"key": "sk-json"}}), encoding="utf-8"
    )
    config = load(
        {
            "secrets": {
                "providers": {
                    "all": {"source": "file", "path": "all.json"},
                    "one": {"source": "file", "path": "key", "mode": "singleValue"},
                }
            },
            "gateway": {"auth": {"token": _ref("env", "T", provider="default")}},
            "models": {
                "providers": {
                    "x": {
                        "baseUrl": "http://x",
                        "apiKey": _ref("file", "key"),
                        "headers": {"X-Key": _ref("file", "/a~1b/key", provider="all")},
                    },
                    "y": {"baseUrl": "http://y", "apiKey": _ref("file", "value", provider="one")},
                }
            },
            "channels": {"telegram": {"accounts": {"a": {"botToken": _ref("env", "T")}}}},
        },
        {"T": "t-env"},
    ).config
    assert _shown(config.gateway.auth.token) == "t-env"
    assert _shown(config.models.providers["x"].api_key) == "sk-file"
    assert _shown(config.models.providers["x"].headers["X-Key"]) == "sk-json"
    assert _shown(config.models.providers["y"].api_key) == "sk-file"
    assert _shown(config.channels["telegram"].accounts["a"]["botToken"]) == "t-env"


def test_the_default_provider_of_a_source_is_used(load: Load, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text('{"t": "json"}', encoding="utf-8")
    providers = {"mine": {"source": "file", "path": str(tmp_path / "all.json")}}
    config = load(
        {
            "secrets": {"providers": providers, "defaults": {"file": "mine"}},
            "gateway": {"auth": {"token": _ref("file", "/t")}},
        }
    ).config
    assert _shown(config.gateway.auth.token) == "json"


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (_ref("env", "NOBODY"), "environment variable NOBODY is not set"),
        (_ref("file", "/nowhere"), "/nowhere cannot be read: No such file or directory"),
        (_ref("file", "/x/y", provider="all"), "has no text at /x/y"),
        (_ref("file", "/list/0", provider="all"), "has no text at /list/0"),
        (_ref("file", "/x", provider="bad"), "bad.json is not JSON"),
    ],
)
def test_a_reference_to_nothing_is_taken_as_not_set(
    reference: dict[str, str], reason: str, load: Load, tmp_path: Path
) -> None:
    (tmp_path / "all.json").write_text('{"x": {}, "list": ["a"]}', encoding="utf-8")
    (tmp_path / "bad.json").write_text("sk-secret", encoding="utf-8")
    loaded = load(
        {
            "secrets": {
                "providers": {
                    name: {"source": "file", "path": str(tmp_path / f"{name}.json")}
                    for name in ("all", "bad")
                }
            },
            "gateway": {"auth": {"token": reference}},
        }
    )
    assert loaded.config.gateway.auth.token is None
    assert reason in loaded.warnings[0]
    assert "gateway.auth.token: " in loaded.warnings[0]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            {"gateway": {"auth": {"token": _ref("exec", "x")}}},
            'gateway.auth.token: a SecretRef of source "exec" is not supported here; mount',
        ),
        (
            {"channels": {"slack": {"botToken": _ref("store", "x")}}},
            'channels.slack.botToken: a SecretRef of source "store" is not supported here',
        ),
        (
            {"hooks": {"token": _ref("env", "X")}},
            "hooks.token: may not be a SecretRef; write ${NAME} instead",
        ),
        (
            {"models": {"providers": {"a": {"apiKey": _ref("file", "x", provider="nope")}}}},
            'models.providers.a.apiKey: secrets.providers has no "nope"; known are: none',
        ),
        (
            {
                "secrets": {"providers": {"p": {"source": "env"}}},
                "gateway": {"auth": {"token": _ref("file", "x", provider="p")}},
            },
            'gateway.auth.token: the source is "file", but secrets.providers.p has the source',
        ),
        (
            {
                "secrets": {"providers": {"p": {"source": "file"}}},
                "gateway": {"auth": {"token": _ref("file", "x", provider="p")}},
            },
            "gateway.auth.token: its provider in secrets.providers needs a path",
        ),
        (
            {"secrets": {"providers": {"p": {"source": "ftp"}}}},
            "secrets.providers.p.source: expected one of 'env', 'file', 'exec' or 'store'",
        ),
    ],
)
def test_a_reference_that_cannot_work_is_refused(
    content: dict[str, Any], complaint: str, problems: Problems
) -> None:
    assert problems(content)[0].startswith(complaint)


SECRET = "s3cr3t-value"

FULL_OF_SECRETS: dict[str, Any] = {
    "env": {"vars": {"A": SECRET}},
    "gateway": {"auth": {"mode": "token", "token": SECRET, "password": "${A}"}},
    "models": {
        "providers": {
            "x": {"baseUrl": "http://x", "apiKey": SECRET, "headers": {"X": SECRET, "Y": "${A}"}}
        }
    },
    "redis": {"url": f"redis://user:{SECRET}@redis"},
    "hooks": {
        "token": SECRET,
        "gmail": {"pushToken": SECRET},
        "mappings": [{"match": {"path": "x"}, "transform": {"module": "m", "apiKey": SECRET}}],
    },
    "channels": {
        "telegram": {
            "botToken": SECRET,
            "webhookSecret": SECRET,
            "accounts": {"a": {"botToken": SECRET, "deep": [{"signingSecret": "${A}"}]}},
        }
    },
    "cron": {"webhookToken": SECRET},
    "diagnostics": {"otel": {"headers": {"Authorization": SECRET}}},
}


def test_no_secret_is_in_any_representation(load: Load) -> None:
    loaded = load(FULL_OF_SECRETS)
    config = loaded.config
    assert _shown(config.hooks.token) == SECRET
    assert _shown(config.channels["telegram"].accounts["a"]["deep"][0]["signingSecret"]) == SECRET
    assert _shown(config.diagnostics.otel["headers"]["Authorization"]) == SECRET
    shown = [repr(loaded), str(config), repr(config.redis.address), config.model_dump_json()]
    shown += [repr(getattr(config, name)) for name in Config.model_fields]
    shown += [repr(loaded.warnings), repr(config.model_dump())]
    assert [text for text in shown if SECRET in text] == []


def _wrong(tree: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every object of the tree, to be replaced by one that holds the secret at a wrong place."""
    found = [(path, tree)]
    for key, value in tree.items():
        if isinstance(value, dict):
            found += _wrong(value, (*path, key))
    return found


@pytest.mark.parametrize("path", [p for p, _ in _wrong(FULL_OF_SECRETS) if p], ids=".".join)
@pytest.mark.parametrize("wrong", [SECRET, [SECRET], {"unknown": SECRET, "port": SECRET}])
def test_no_secret_is_in_an_error_or_a_warning(
    path: tuple[str, ...], wrong: Any, load: Load
) -> None:
    content = json.loads(json.dumps(FULL_OF_SECRETS))
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = wrong
    try:
        shown = repr(load(content).warnings)
    except ConfigError as error:
        shown = "".join(traceback.format_exception(error))
    assert SECRET not in shown


def test_sealing_leaves_what_is_no_secret() -> None:
    sealed = seal({"maxTokens": "5", "tokenFile": "/x", "token": ["a"], "n": {"botToken": 7}})
    assert sealed == {
        "maxTokens": "5",
        "tokenFile": "/x",
        "token": [SecretStr("a")],
        "n": {"botToken": 7},
    }


def test_the_process_environment_is_left_alone(load: Load) -> None:
    before = dict(os.environ)
    load(FULL_OF_SECRETS, {"OPENAI_API_KEY": "sk"})
    assert dict(os.environ) == before
