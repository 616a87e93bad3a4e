"""What the API takes and tells."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from issues.pasting import MAX_LINES

MAX_PAGE = 100  # rows


def _of_whole_characters(text: str) -> str:
    """The text. Raises PydanticCustomError where JSON has half a character in it, which no database can keep."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "There is half a character in it, a lone surrogate") from None
    return text


Text = Annotated[str, AfterValidator(_of_whole_characters)]  # what somebody sends


class Problem(Schema):
    """Why something was not done: one sentence."""

    detail: str


class FieldProblem(Schema):
    """What is wrong with one field of one issue; `index` counts from 0, `field` is empty where it is the whole."""

    index: int
    field: str
    message: str


class Invalid(Problem):
    """Why nothing was saved, and where."""

    errors: list[FieldProblem]


# What may be answered beside what was asked for. 403: it came without TLS, or the role does not allow it.
REFUSED = {401: Problem, 403: Problem, 422: Invalid, 429: Problem, 503: Problem}
READ = REFUSED | {404: Problem}
CHANGED = READ | {409: Problem}
# With a body: no JSON, too slow, too large.
WRITTEN = CHANGED | {400: Problem, 408: Problem, 413: Problem}


class GroupOut(Schema):
    """A group of yours."""

    id: int
    name: str
    is_archived: bool
    is_owner: bool
    role: str | None = Field(description="voter, observer or facilitator; null for an owner without a seat")


class MemberOut(Schema):
    nickname: str
    role: str


class GroupDetail(GroupOut):
    """A group of yours, with who is in it and how many issues there are."""

    deck: list[str] = Field(description="The labels of its cards")
    members: list[MemberOut]
    to_estimate: int
    estimated: int


class IssueOut(Schema):
    """An issue, as the exported JSON has it."""

    id: int
    key: str
    title: str
    url: str
    sprint: str
    description: str
    estimate: str = Field(description="Empty where there is none")
    estimate_value: float | None
    estimated_by: str | None
    estimated_at: datetime | None
    rounds: int = Field(description="How many there were, open ones with them")
    archived_at: datetime | None
    edition: str = Field(description="Another one after each edit")


class IssueIn(Schema):
    """What a new issue says."""

    model_config = ConfigDict(extra="forbid")

    title: Text
    key: Text = ""
    url: Text = ""
    sprint: Text = ""
    description: Text = Field("", description="Markdown")


class IssuesIn(Schema):
    """New issues, in their order; all of them are added or none."""

    model_config = ConfigDict(extra="forbid")

    issues: Annotated[list[IssueIn], Field(min_length=1, max_length=MAX_LINES)]


class IssueChanges(Schema):
    """What shall be another; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Text | None = None
    key: Text | None = None
    url: Text | None = None
    sprint: Text | None = None
    description: Text | None = None
    edition: Text = Field(
        "",
        description="The one that you have read: 409 where somebody has edited the issue since. Any, if left out",
    )


class Step(Schema):
    """What happened to a round."""

    state: str
    at: datetime
    by: str = Field(description="Empty where it happened by itself")
    votes: int
    voters: int


class VoteOut(Schema):
    name: str
    card: str
    reason: str


class Figures(Schema):
    """What the votes say. What they do not yield is null."""

    average: float | None
    median: float | None
    agreement: int | None = Field(description="Percent")
    suggested: str | None
    outliers: list[str]


class RoundOut(Schema):
    """A round. Its votes and figures are null until it is revealed, and for ever if it never was."""

    id: int
    issue: int | None = Field(description="The number of the issue; null for a vote without one")
    state: str = Field(description="open, revealed, settled or cancelled")
    deck: list[str]
    opened_at: datetime
    deadline: datetime | None = Field(description="Of an asynchronous round")
    voted: int = Field(description="How many have voted")
    estimate: str
    steps: list[Step]
    votes: list[VoteOut] | None
    statistics: Figures | None


class Page(Schema):
    """Part of a list."""

    count: int = Field(description="Of the whole list")
    page: int
    pages: int


class Groups(Page):
    items: list[GroupOut]


class Issues(Page):
    items: list[IssueOut]


class Rounds(Page):
    items: list[RoundOut]
