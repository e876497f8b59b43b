"""Which file is read, in which formats, and what is said of one that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openclaw_common.runtime.config import ConfigError, LoadedConfig, load_config
from openclaw_common.runtime.config.documents import MAX_FILE_BYTES, read_document

Load = Callable[..., LoadedConfig]


def _write(path: Path, port: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{{gateway: {{port: {port}}}}}", encoding="utf-8")
    return path


def test_without_any_file_the_defaults_hold(load: Load) -> None:
    loaded = load()
    assert loaded.path is None
    assert loaded.config.gateway.port == 18789
    assert list(loaded.config.agents.entries) == ["main"]
    assert loaded.config.agents.entries["main"].model.primary is None


def test_the_first_file_of_the_search_order_is_read(home: Path, here: Path, tmp_path: Path) -> None:
    places = [
        ("argument", tmp_path / "argument.json5", 1),
        ("OPENCLAW_CONFIG_PATH", tmp_path / "named.json5", 2),
        ("OPENCLAW_STATE_DIR", tmp_path / "state" / "openclaw.json", 3),
        ("here", here / "openclaw.json5", 4),
        ("here", here / "openclaw.yaml", 5),
        ("home", home / ".openclaw" / "openclaw.json", 6),
    ]
    for _, path, port in places:
        _write(path, port)
    environ = {
        "HOME": str(home),
        "OPENCLAW_CONFIG_PATH": str(tmp_path / "named.json5"),
        "OPENCLAW_STATE_DIR": str(tmp_path / "state"),
    }
    found = []
    for place, path, port in places:
        argument = path if place == "argument" else None
        loaded = load_config(environ, argument, require_auth=False, working_directory=here)
        found.append((loaded.path, loaded.config.gateway.port))
        assert found[-1] == (path, port)
        path.unlink()
        environ.pop(place, None)


def test_with_a_state_directory_of_its_own_the_home_directory_is_not_read(
    home: Path, here: Path, tmp_path: Path
) -> None:
    _write(home / ".openclaw" / "openclaw.json", 1)
    environ = {"HOME": str(home), "OPENCLAW_STATE_DIR": str(tmp_path / "empty")}
    loaded = load_config(environ, require_auth=False, working_directory=here)
    assert loaded.path is None


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_a_named_file_that_is_missing_is_an_error(by: str, home: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.json5"
    environ = {"HOME": str(home)}
    if by == "variable":
        environ["OPENCLAW_CONFIG_PATH"] = str(missing)
    with pytest.raises(ConfigError, match=r"missing\.json5: there is no such configuration file"):
        load_config(environ, missing if by == "argument" else None, require_auth=False)


def test_json5_and_yaml_say_the_same(load: Load) -> None:
    json5 = """// a comment
    {gateway: {port: 0x10, auth: {mode: 'none'},}, agents: {entries: {main: {name: "A\\
B"}}}}"""
    yaml = """
gateway:
  port: 16
  auth: {mode: none}
agents:
  entries:
    main: {name: AB}
"""
    assert load(json5).config == load(yaml, name="config/openclaw.yml").config


def test_yaml_words_that_are_booleans_in_old_yaml_stay_text(load: Load) -> None:
    config = load(
        """
channels:
  telegram: {replyToMode: off, defaultTo: 2026-01-02, allowFrom: [0123, no]}
messages: {ackReactionScope: off}
agents: {entries: {on: }}
""",
        name="openclaw.yaml",
    ).config
    telegram = config.channels["telegram"]
    assert telegram.reply_to_mode == "off"
    assert telegram.default_to == "2026-01-02"
    assert telegram.allow_from == ("123", "no")
    assert config.messages.ack_reaction_scope == "off"
    assert list(config.agents.entries) == ["on"]


def test_yaml_anchors_and_merge_keys_work(load: Load) -> None:
    config = load(
        """
base: &base {maxTries: 0o7, leaseMs: 6_000}
runs: {<<: *base, leaseMs: 0x2000, maxQueued: +9}
""",
        name="openclaw.yaml",
    ).config
    assert (config.runs.max_tries, config.runs.lease_ms, config.runs.max_queued) == (7, 8192, 9)


def test_an_empty_yaml_file_is_an_empty_configuration(load: Load) -> None:
    assert load("# nothing yet\n", name="openclaw.yaml").config.gateway.port == 18789


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1:1: the file is empty; write at least {}"),
        ("{\n  a: 1,\n  b:}", "3:5: expected a value, found '}'"),
        ("{a: 'geheim", "1:5: unclosed string starting"),
        ("{a: 1,, b: 2}", "1:7: stray comma"),
        ("{a: {b: 1}", "1:1: unclosed object starting"),
        ("{a: 1}\n\n  oops", "3:3: there is something after the end of the object"),
        ("{\n\ta: nul\n}", "2:5: expected 'l', found U+000A"),
        ("[" * 100, "1:65: maximum nesting level exceeded"),
    ],
)
def test_a_json5_fault_is_told_with_line_and_column(
    text: str, complaint: str, load: Load, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text)
    assert f"{tmp_path}/config/openclaw.json5:{complaint}" in str(refused.value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: [1, 2\n", ":3:1: "),
        ("gateway:\n  port: 1\n  port: 2\n", ":3:3: this key is given twice"),
        ("? [a]\n: 1\n", ":1:3: a key must be plain text"),
        ("a: !!python/object:os.system {}\n", ":1:4: could not determine a constructor"),
        ("a: *geheim\n", ":1:4: found undefined alias"),
        ("a: !geheim x\n", ":1:4: could not determine a constructor for the tag"),
        ("token: geheim\n  x\n: {", ":3:1: "),
        ("a: " + "[" * 5000, ": is nested deeper than 64 levels"),
        ("a: \x00", ": is not YAML"),
    ],
)
def test_a_yaml_fault_is_told_with_line_and_column(text: str, complaint: str, load: Load) -> None:
    with pytest.raises(ConfigError) as refused:
        load(text, name="openclaw.yaml")
    assert f"openclaw.yaml{complaint}" in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_yaml_that_holds_itself_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match="nested deeper than 64 levels"):
        load("agents: &a {entries: *a}\n", name="openclaw.yaml")


@pytest.mark.parametrize("text", ["[]", "1", "'text'"])
def test_a_file_that_holds_no_object_is_refused(text: str, load: Load) -> None:
    with pytest.raises(ConfigError, match="expected an object"):
        load(text)


def test_files_that_cannot_be_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json5"
    with pytest.raises(ConfigError, match="is a directory"):
        read_document(tmp_path)
    path.write_bytes(b'{a: "\xff"}')
    with pytest.raises(ConfigError, match="is not UTF-8 at byte 5"):
        read_document(path)
    path.write_bytes(b" " * (MAX_FILE_BYTES + 1))
    with pytest.raises(ConfigError, match=f"is larger than {MAX_FILE_BYTES} bytes"):
        read_document(path)
    path.write_bytes(b"\xef\xbb\xbf{a: 1}")
    assert read_document(path) == {"a": 1}
