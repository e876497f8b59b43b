"""`${NAME}` in texts, `env.vars` and `.env` files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openclaw_common.runtime.config import ConfigError, LoadedConfig
from openclaw_common.runtime.config.environment import read_dotenv
from openclaw_common.runtime.config.substitution import Substitution

Load = Callable[..., LoadedConfig]


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("${NAME}", "value"),
        ("a ${NAME} b ${OTHER_2}", "a value b 2"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("${name}", "${name}"),
        ("${1NAME}", "${1NAME}"),
        ("${NAME:-x}", "${NAME:-x}"),
        ("${NAME", "${NAME"),
        ("$NAME", "$NAME"),
        ("${UNSET}", "${UNSET}"),
        ("${EMPTY} and ${NAME}", "${EMPTY} and value"),
        ("${RECURSIVE}", "${NAME}"),
    ],
)
def test_only_capital_names_with_a_value_are_replaced(text: str, replaced: str) -> None:
    environ = {"NAME": "value", "OTHER_2": "2", "EMPTY": "", "RECURSIVE": "${NAME}", "name": "no"}
    assert Substitution(environ).apply({"a": [text], "${NAME}": 1}) == {
        "a": [replaced],
        "${NAME}": 1,
    }


def test_a_name_without_a_value_warns_with_its_place(warnings: Callable[..., list[str]]) -> None:
    found = warnings(
        {"agents": {"list": [{"id": "a", "name": "${NOBODY} $${SOMEBODY}"}]}}, {"NOBODY": ""}
    )
    assert found == [
        "agents.list[0].name: environment variable NOBODY is not set; ${NOBODY} stays as it is"
    ]


def test_a_number_may_come_from_the_environment(load: Load) -> None:
    content = {
        "gateway": {"port": "${PORT}", "http": {"endpoints": {"responses": {"enabled": "${ON}"}}}}
    }
    gateway = load(content, {"PORT": "4711", "ON": "true"}).config.gateway
    assert gateway.port == 4711
    assert gateway.http.endpoints.responses.enabled is True


def test_a_number_whose_variable_is_missing_names_the_variable(
    problems: Callable[..., list[str]],
) -> None:
    (first, *_) = problems({"gateway": {"port": "${PORT}"}})
    assert first == (
        "gateway.port: expected a whole number, got a text (PORT is not set in the environment)"
    )


@pytest.mark.parametrize("credential", ["token", "password"])
def test_a_credential_never_is_the_text_of_its_reference(credential: str, load: Load) -> None:
    loaded = load({"gateway": {"auth": {"mode": "token", credential: "${SECRET}"}}})
    assert getattr(loaded.config.gateway.auth, credential) is None
    assert (
        f"gateway.auth.{credential}: environment variable SECRET is not set; taken as not set"
        in (loaded.warnings[0])
    )


def test_a_missing_credential_says_which_variable_it_waits_for(
    problems: Callable[..., list[str]],
) -> None:
    found = problems({"gateway": {"auth": {"token": "${SECRET}"}}}, require_auth=True)
    assert "gateway.auth.token: is required" in found[0]
    assert "environment variable SECRET is not set" in found[1]


def test_a_redis_url_with_a_hole_is_refused(problems: Callable[..., list[str]]) -> None:
    found = problems({"redis": {"url": "redis://:${REDIS_PASSWORD}@redis"}})
    assert found == ["redis.url: environment variable REDIS_PASSWORD is not set"]


def test_variables_of_the_file_only_fill_gaps(load: Load) -> None:
    loaded = load(
        {
            "env": {
                "vars": {"A": "file", "B": "file", "C": "${A}-${NONE}", "D": "${A}"},
                "E": "beside",
                "shellEnv": {"enabled": True},
            },
            "agents": {"entries": {"main": {"name": "${A} ${B} ${C} ${D} ${E}"}}},
        },
        {"A": "environment", "B": ""},
    )
    assert loaded.config.agents.entries["main"].name == ("environment file ${C} environment beside")
    assert any(
        "env.vars.C: environment variable NONE is not set" in line for line in loaded.warnings
    )


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        (3, "env: expected an object"),
        ({"vars": ["A"]}, "env.vars: expected an object of texts"),
        ({"vars": {"A": 1}}, "env.vars.A: expected a text"),
        ({"A": {"b": 1}}, "env.A: expected a text"),
    ],
)
def test_variables_that_are_no_texts_are_refused(
    section: object, complaint: str, problems: Callable[..., list[str]]
) -> None:
    assert problems({"env": section}) == [complaint]


def test_env_files_fill_gaps_working_directory_first(load: Load, here: Path, home: Path) -> None:
    (here / ".env").write_text("A=here\nB=here\n", encoding="utf-8")
    (home / ".openclaw").mkdir()
    (home / ".openclaw" / ".env").write_text("A=state\nB=state\nC=state\n", encoding="utf-8")
    content = {
        "env": {"vars": {"C": "file", "D": "file"}},
        "agents": {"entries": {"main": {"name": "${A} ${B} ${C} ${D}"}}},
    }
    loaded = load(content, {"A": "environment"})
    assert loaded.config.agents.entries["main"].name == "environment here state file"


def test_the_configuration_may_be_named_in_an_env_file(load: Load, here: Path) -> None:
    (here / "other.json5").write_text("{gateway: {port: 4711}}", encoding="utf-8")
    (here / ".env").write_text("OPENCLAW_CONFIG_PATH=other.json5\n", encoding="utf-8")
    assert load().config.gateway.port == 4711


ENV_FILE = """# comment

A=1
export B = two words # comment
C='$x # y'  # comment
D="line\\nbreak \\"quoted\\" \\\\"
E=
F=a#b
not an assignment
-----BEGIN KEY-----
G="-----BEGIN KEY-----
second line
-----END KEY-----"
H="unfinished
I=after
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_env_files_are_read_as_people_write_them(newline: str, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(("\ufeff" + ENV_FILE.replace("\n", newline)).encode())
    assert read_dotenv(path) == {
        "A": "1",
        "B": "two words",
        "C": "$x # y",
        "D": 'line\nbreak "quoted" \\',
        "E": "",
        "F": "a#b",
        "G": newline.join(("-----BEGIN KEY-----", "second line", "-----END KEY-----")),
        "H": '"unfinished',
        "I": "after",
    }


def test_an_env_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff")
    with pytest.raises(ConfigError, match=r"\.env: is not UTF-8 at byte 2"):
        read_dotenv(path)
    assert read_dotenv(tmp_path) == {}
