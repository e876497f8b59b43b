"""What is readable of a page, whatever the page is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_agent_worker.tools.readable_text import readable_page

URL = "https://example.com/docs/page"
FILLER = "Words of the main part. " * 20


def text_of(html: str) -> str:
    return readable_page(html, URL).text


def test_a_page_becomes_title_headings_paragraphs_lists_and_links() -> None:
    page = readable_page(
        """<!DOCTYPE html><html><head><title> Tea &amp; cake </title><style>p{}</style></head>
        <body><nav><a href="/">Home</a></nav>
        <h1>Tea</h1><p>Boil
        the <b>water</b>.<br>Then wait.</p>
        <h2>Kinds</h2><ul><li>Green<li><a href="../black?a=b#c">Black</a></ul>
        <script>if (a < b) alert("</p>")</script>
        <p>See <a href='https://other.example/x'>the <i>other</i> page</a>.</p>
        <footer>Imprint</footer></body></html>""",
        URL,
    )
    assert page.title == "Tea & cake"
    assert page.text.splitlines() == [
        "# Tea",
        "Boil the water.",
        "Then wait.",
        "## Kinds",
        "- Green",
        "- [Black](https://example.com/black?a=b#c)",
        "See [the other page](https://other.example/x).",
    ]


def test_tables_keep_their_cells_apart_and_pre_its_lines() -> None:
    html = """<table><tr><th>a</th><th>b</th></tr>
        <tr><td>1<td>2</table><pre>
def f():
    return 1
</pre>"""
    assert text_of(html).splitlines() == ["a | b", "1 | 2", "def f():", "    return 1"]


def test_only_the_main_part_is_kept_where_the_page_names_one() -> None:
    html = f"<p>before</p><main><h1>Title</h1><p>{FILLER}</p></main><div>after</div>"
    assert text_of(html).splitlines() == ["# Title", FILLER.strip()]


def test_a_main_part_that_is_nearly_empty_is_not_believed() -> None:
    assert text_of(f"<main>x</main><p>{FILLER}</p>").endswith(FILLER.strip())


@pytest.mark.parametrize(
    "hidden",
    [
        "<div hidden>secret</div>",
        "<div style='display: none'>sec<div>r</div>et</div>",
        '<span style="color:red;visibility:HIDDEN">secret</span>',
        '<span aria-hidden="true">secret</span>',
        "<template>secret</template>",
        "<!-- secret -->",
        "<!secret>",
        "<?secret?>",
        "</secret secret>",
        "<svg><text>secret</text></svg>",
        "<script>secret</script>",
        "<textarea>secret</textarea>",
        "<iframe>secret</iframe>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    assert text_of(f"<p>a{hidden}b</p>") == "ab"


def test_characters_that_show_nothing_are_left_out() -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    assert text_of(f"<p>a\u200b\u202eb{tags}&#x2060;c</p>") == "abc"


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "#top", "", "data:text/html,x", "http://[", "mailto:a@b.example"],
)
def test_a_link_that_is_no_web_address_is_only_its_text(href: str) -> None:
    assert text_of(f'<a href="{href}">there</a>') == "there"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("a<b>c", "ac"),
        ('<a title="x>y" href=/z>t</a>', "[t](https://example.com/z)"),
        ('<p class="a"">t</p>', "t"),
        ("<p\nclass=a\n>t", "t"),
        ("<P>t</P >u", "t\nu"),
        ("x<!-->y", "xy"),
        ("x<!--->y", "xy"),
        ("x<!-- > -- -->y", "xy"),
        ("<img alt='a cat'>", "[image: a cat]"),
        ("<a href=/1>a<a href=/2>b", "[a](https://example.com/1)[b](https://example.com/2)"),
        ("<a href=/1><div><h3>a</h3></div><p>b</p></a>", "### [a](https://example.com/1)\nb"),
        ("a<a href=/1><p>b</p></a>", "a\n[b](https://example.com/1)"),
        ("<nav><p>all of it is in an unclosed nav", "all of it is in an unclosed nav"),
        ("<h2></h2><p>no heading", "no heading"),
        ("text <", "text <"),
        ("text <!", "text"),
        ("text <a href='never closed>", "text"),
        ("</p></div></main></pre>t", "t"),
        ("", ""),
    ],
)
def test_crooked_html_is_read_as_browsers_do(html: str, text: str) -> None:
    assert text_of(html) == text


@given(st.text(st.sampled_from("<>/!-='\"abp &;#x\n"), max_size=200))
def test_no_page_breaks_it(html: str) -> None:
    readable_page(html, URL)


@pytest.mark.parametrize(
    "unit",
    [
        "<a ",
        "<a a=",
        "<a a='",
        '<a a="">',
        "<!--",
        "<!",
        "</",
        "<",
        "&",
        "&#",
        "<div>",
        "<b><p>",
        "<a><div>",
        "<td>x",
        "<li>",
        "<nav>",
        "<script>",
        "<title>",
        "<title></title ",
        "<pre>",
        "<main>x",
        "<a href=x>y",
        "<div hidden>",
        "a='",
        " ",
    ],
)
def test_four_times_the_page_takes_about_four_times_as_long(unit: str) -> None:
    def seconds(size: int) -> float:
        html = unit * (size // len(unit))
        start = time.process_time()
        readable_page(html, URL)
        return time.process_time() - start

    small = min(seconds(50_000) for _ in range(3))
    large = min(seconds(200_000) for _ in range(2))
    # Quadratic would be 16 times; what takes next to nothing is not compared.
    assert large < max(9 * small, 0.15)
