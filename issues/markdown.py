"""Markdown as HTML that is safe to show. Pure functions."""

from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Everything that comes out, whatever goes in.
TAGS = frozenset(
    {
        "p",
        "br",
        "hr",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "em",
        "strong",
        "s",
    }
    | {"a", "table", "thead", "tbody", "tr", "th", "td"}
)
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = frozenset({"http", "https", "mailto"})
REL = "nofollow noopener noreferrer"

_DEEPER = 2  # the page has an h1 and an h2 above the text
_DEEPEST = 6


def render(text: str) -> str:
    """The HTML of CommonMark with tables and strikethrough; HTML in the text stays text.

    An image becomes a link to it: the pages show none from elsewhere. A link to anything but a whole address
    of the web, or an e-mail address, stays text. Headings begin below the second of the page.
    """
    return nh3.clean(
        _MARKDOWN.render(text), tags=set(TAGS), attributes=ATTRIBUTES, url_schemes=set(SCHEMES), link_rel=REL
    )


def _is_link(url: str) -> bool:
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() not in SCHEMES:
        return False
    return scheme.lower() == "mailto" or rest.startswith("//")


def _lower_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + _DEEPER, _DEEPEST)}"


def _link_images(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = _without_images(token.children)


def _without_images(tokens: Sequence[Token]) -> list[Token]:
    """Each image as a link to it, or within a link, where there can be no other, as its text."""
    found: list[Token] = []
    links = 0
    for token in tokens:
        links += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "image":
            found.append(token)
        elif links:
            found.append(_text(token))
        else:
            attributes = {"href": str(token.attrs["src"])}
            if "title" in token.attrs:
                attributes["title"] = str(token.attrs["title"])
            found += [
                Token("link_open", "a", 1, attrs=dict(attributes)),
                _text(token),
                Token("link_close", "a", -1),
            ]
    return found


def _text(image: Token) -> Token:
    """What stands for the image: its description, or else its address."""
    described = RendererHTML().renderInlineAsText(image.children, _MARKDOWN.options, {})
    return Token("text", "", 0, content=described.strip() or str(image.attrs["src"]))


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.validateLink = _is_link  # type: ignore[method-assign]
    markdown.core.ruler.push("lower_headings", _lower_headings)
    markdown.core.ruler.push("link_images", _link_images)
    return markdown


_MARKDOWN = _markdown()
