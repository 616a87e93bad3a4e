"""Markdown as HTML that is safe to show."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issues.markdown import ATTRIBUTES, REL, SCHEMES, TAGS, render
from issues.models.issue import MAX_DESCRIPTION

pytestmark = pytest.mark.once


class Found(HTMLParser):
    """The tags and attributes of a piece of HTML, as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def strange(html: str) -> list[object]:
    """Whatever in the HTML is not on the list of what may come out."""
    found = Found(html)
    wrong: list[object] = list(found.others)
    for tag, attributes in found.tags:
        allowed = ATTRIBUTES.get(tag, set()) | ({"rel"} if tag == "a" else set())
        scheme = (attributes.get("href") or "https:").partition(":")[0].lower()
        if tag not in TAGS or not set(attributes) <= allowed or scheme not in SCHEMES:
            wrong.append((tag, attributes))
        if tag == "a" and attributes.get("rel") != REL:
            wrong.append((tag, attributes))
    return wrong


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Pay by *card*, **now**", "<p>Pay by <em>card</em>, <strong>now</strong></p>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>'),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("~~not this~~", "<p><s>not this</s></p>"),
        ("one\\\ntwo", "<p>one<br>\ntwo</p>"),
        ("https://jira.example/1 stays text", "<p>https://jira.example/1 stays text</p>"),
        ("", ""),
    ],
)
def test_text_becomes_html(text, html):
    assert render(text).strip() == html


def test_a_table_is_a_table_without_attributes():
    html = render("| a | b |\n| :- | -: |\n| 1 | 2 |")
    assert [tag for tag, _attributes in Found(html).tags] == [
        "table",
        "thead",
        "tr",
        "th",
        "th",
        "tbody",
        "tr",
        "td",
        "td",
    ]
    assert strange(html) == []


@pytest.mark.parametrize(
    ("text", "tag"), [("# One", "h3"), ("## Two", "h4"), ("#### Four", "h6"), ("###### Six", "h6")]
)
def test_headings_begin_below_the_second_of_the_page(text, tag):
    assert [found for found, _attributes in Found(render(text)).tags] == [tag]


@pytest.mark.parametrize(
    "text",
    ["[docs](https://docs.example/a?b=1&c=2)", "<https://docs.example/>", "[mail](mailto:a@b.example)"],
)
def test_a_link_leads_away_and_tells_nobody_from_where(text):
    ((_p, _none), (tag, attributes)) = Found(render(text)).tags
    assert (tag, attributes["rel"]) == ("a", "nofollow noopener noreferrer")


@pytest.mark.parametrize(
    "url",
    [
        "/groups/1/",
        "//evil.example/",
        "#top",
        "https:evil",
        "ftp://a.example/",
        "file:///etc/passwd",
        "PAY-1",
    ],
)
def test_what_is_no_whole_address_stays_text(url):
    assert render(f"[docs]({url})").strip() == f"<p>[docs]({url})</p>"


def test_an_image_is_a_link_to_it():
    assert render('![The *new* form](https://img.example/a.png "Draft")').strip() == (
        f'<p><a href="https://img.example/a.png" title="Draft" rel="{REL}">The new form</a></p>'
    )


def test_an_image_without_a_description_is_called_by_its_address():
    assert f'rel="{REL}">https://img.example/a.png</a>' in render("![](https://img.example/a.png)")


def test_an_image_in_a_link_is_the_text_of_that_link():
    assert render("[![Build](https://img.example/a.svg)](https://ci.example/)").strip() == (
        f'<p><a href="https://ci.example/" rel="{REL}">Build</a></p>'
    )


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x](https://a.example/"onerror="alert(1))',
    '[x](https://a.example/ "title\\" onmouseover=\\"alert(1)")',
    '[x](https://a.example/ "&quot; onmouseover=&quot;alert(1)")',
    "![<img src=x onerror=alert(1)>](https://a.example/)",
    '```"><script>alert(1)</script>\ncode\n```',
    '``` " onmouseover="alert(1)\ncode\n```',
    "<!-- comment --><style>*{display:none}</style>",
    "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><input name=q></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "|<img src=x onerror=alert(1)>|\n|:-|\n|<b style='x'>|",
    "<base href=https://evil.example>",
    "# <h1 id=main>x</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\x00<scr\x00ipt>alert(1)</script>",
    "[x](https://a.example/<script>)",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_hostile_comes_through(payload):
    html = render(payload)
    assert strange(html) == []
    assert "<script" not in html.lower()


# Pieces of which Markdown and HTML are made, and anything else.
PIECES = st.one_of(
    st.sampled_from(
        [
            *PAYLOADS,
            *"<>&\"'`*_~[]()!#|:-=\\/ \n\t\x00",
            "](",
            "![",
            "\n\n",
            "```",
            "javascript:",
            "https://a.example",
        ]
    ),
    st.sampled_from(
        ["<a href=", " style=x", " onclick=x", "<p class=x>", "<!--", "-->", "<![CDATA[", "&#x6A;", "|-|-|\n"]
    ),
    st.text(max_size=8),
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_tag_or_attribute_comes_out_that_is_not_on_the_list(text):
    assert strange(render(text)) == []


@pytest.mark.parametrize(
    "piece", ["[", "![", "> ", "*a **b ", "`", "~~a", "&", "|a", "[a](", "- ", "<a ", "\\"]
)
def test_the_longest_description_is_rendered_in_time_whatever_it_says(piece):
    began = time.process_time()
    render((piece * MAX_DESCRIPTION)[:MAX_DESCRIPTION])
    assert time.process_time() - began < 5  # seconds; the slowest takes one
