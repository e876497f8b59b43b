"""One configuration over several files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openclaw_common.runtime.config import ConfigError
from openclaw_common.runtime.config.documents import read_document
from openclaw_common.runtime.config.include import MAX_INCLUDES, Including, include_roots, merge

Resolve = Callable[..., Any]


@pytest.fixture
def resolve(tmp_path: Path) -> Resolve:
    """Write the files under a folder `config` and resolve the includes of its main.json5."""

    def resolve(environ: dict[str, str] | None = None, **files: str) -> Any:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            path = folder / name.replace("__", "/")
            path = path.with_suffix(".yaml") if text.startswith("#yaml") else path
            path = path if path.suffix else path.with_suffix(".json5")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        main = folder / "main.json5"
        roots = include_roots(main, environ or {})
        return Including((main,), roots).resolve(read_document(main))

    return resolve


def test_a_text_replaces_the_object_that_holds_it(resolve: Resolve) -> None:
    tree = resolve(main="{agents: {$include: './a.json5'}}", a="{list: [1]}")
    assert tree == {"agents": {"list": [1]}}


def test_a_list_is_merged_in_order_and_lists_are_joined(resolve: Resolve) -> None:
    tree = resolve(
        main="{$include: ['a.json5', 'b.yaml']}",
        a="{x: {p: 1, q: 1}, l: [1], s: 'a'}",
        b="#yaml\nx: {q: 2, r: 2}\nl: [2]\ns: {t: 1}\n",
    )
    assert tree == {"x": {"p": 1, "q": 2, "r": 2}, "l": [1, 2], "s": {"t": 1}}


def test_keys_beside_the_include_win(resolve: Resolve) -> None:
    tree = resolve(main="{a: {$include: 'a.json5', x: {p: 9}, y: 2}}", a="{x: {p: 1, q: 1}}")
    assert tree == {"a": {"x": {"p": 9, "q": 1}, "y": 2}}


def test_names_are_relative_to_the_including_file(resolve: Resolve) -> None:
    tree = resolve(
        main="{$include: 'sub/a.json5'}", sub__a="{b: {$include: 'b.json5'}}", sub__b="{c: 1}"
    )
    assert tree == {"b": {"c": 1}}


def test_a_file_without_an_object_may_stand_alone(resolve: Resolve) -> None:
    assert resolve(main="{a: {$include: 'a.json5'}}", a="[1, 2]") == {"a": [1, 2]}


def test_merging_changes_neither_side() -> None:
    base, over = {"a": {"b": [1]}}, {"a": {"b": [2]}}
    assert merge(base, over) == {"a": {"b": [1, 2]}}
    assert (base, over) == ({"a": {"b": [1]}}, {"a": {"b": [2]}})


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"main": "{a: {$include: 'no.json5'}}"}, 'main.json5: a.$include: there is no file "no'),
        ({"main": "{a: [{$include: 3}]}"}, "main.json5: a[0].$include: expected a file name or"),
        ({"main": "{$include: ['a.json5', 3]}"}, "main.json5: $include: expected a file name or"),
        ({"main": "{$include: ''}"}, "main.json5: $include: expected a file name"),
        (
            {"main": "{$include: 'a.json5', b: 1}", "a": "[1]"},
            "main.json5: $include: a file can only be merged when it holds an object",
        ),
        ({"main": "{$include: 'a.json5'}", "a": "{b: }"}, "a.json5:1:5: expected a value"),
        ({"main": "{a: {$include: '../out.json5'}}"}, '"../out.json5" lies outside '),
        ({"main": "{a: {$include: '/etc/hostname'}}"}, '"/etc/hostname" lies outside '),
        (
            {"main": "{a: {$include: 'b.json5'}}", "b": "{$include: 'main.json5'}"},
            "b.json5: $include: files include each other in a circle: ",
        ),
    ],
)
def test_a_faulty_include_names_file_and_place(
    files: dict[str, str], complaint: str, resolve: Resolve
) -> None:
    with pytest.raises(ConfigError) as refused:
        resolve(**files)
    assert complaint in str(refused.value)


def test_a_link_that_leads_outside_is_refused(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "outside.json5").write_text("{}", encoding="utf-8")
    (tmp_path / "config" / "link.json5").symlink_to(tmp_path / "outside.json5")
    with pytest.raises(ConfigError, match=r'"link\.json5" lies outside'):
        resolve(main="{$include: 'link.json5'}")


def test_further_roots_may_be_allowed(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.json5").write_text("{b: 1}", encoding="utf-8")
    tree = resolve(
        {"OPENCLAW_INCLUDE_ROOTS": str(tmp_path / "shared")}, main="{$include: '../shared/a.json5'}"
    )
    assert tree == {"b": 1}


def test_a_mounted_configuration_includes_its_neighbours(tmp_path: Path) -> None:
    """Kubernetes mounts files as links into a directory that changes its name."""
    data = tmp_path / "..2026_11_21"
    data.mkdir()
    (data / "main.json5").write_text("{$include: 'a.json5'}", encoding="utf-8")
    (data / "a.json5").write_text("{b: 1}", encoding="utf-8")
    for name in ("main.json5", "a.json5"):
        (tmp_path / name).symlink_to(data / name)
    main = tmp_path / "main.json5"
    tree = Including((main,), include_roots(main, {})).resolve(read_document(main))
    assert tree == {"b": 1}


@pytest.mark.parametrize("levels", [MAX_INCLUDES, MAX_INCLUDES + 1])
def test_files_include_one_another_ten_levels_deep(levels: int, resolve: Resolve) -> None:
    files = {f"f{n}": f"{{$include: 'f{n + 1}.json5'}}" for n in range(1, levels)}
    files |= {"main": "{$include: 'f1.json5'}", f"f{levels}": "{end: 1}"}
    if levels <= MAX_INCLUDES:
        assert resolve(**files) == {"end": 1}
        return
    with pytest.raises(ConfigError, match="more than 10 files include one another"):
        resolve(**files)
