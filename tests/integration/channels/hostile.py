"""What a stranger may post in place of what a platform would."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def json_values(names: str) -> st.SearchStrategy[Any]:
    """Make JSON of any shape, whose objects have members of these names, parted by spaces."""
    known = st.sampled_from(names.split())
    return st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text()
        | st.just("\ud83d"),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(known, inner, max_size=5),
        max_leaves=12,
    )
