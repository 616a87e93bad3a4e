"""The API holds to its own OpenAPI document, whatever is sent: schemathesis makes requests of what stands in it.

EXAMPLES=1000 tries so many for each operation, and others each time; without it they are few, and always the same.
"""

import os
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from groups.models import Group
from issues import rounds
from issues.api.application import api
from issues.tests.room import at_the_table, new_issue
from users import api_tokens, rate_limits
from users.models import User

# Committed as when people are served: Django ends a connection with the request whose transaction is open.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
FEW = 12
# What a title or a link has to be is told in words, and refused with 422 by the forms of the pages.
NOT_OF_THE_DOCUMENT = [positive_data_acceptance]
OPERATIONS = [
    (method.upper(), path)
    for path, operations in api.get_openapi_schema()["paths"].items()
    for method in operations
]


@pytest.fixture
def document() -> Any:
    """As a program gets it. Requests made of it are given to Django itself, without a network."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def known(payments: Group, alice: User) -> dict[str, int]:
    """Numbers of what there is: chance alone would never find it."""
    round_ = rounds.begin(payments, alice, new_issue(payments, "Refunds"))
    rounds.vote(at_the_table(payments, "Anna"), round_.pk, "8", "a reason")
    rounds.reveal(payments, round_.pk, alice, early=True)
    issue = new_issue(payments, "Vouchers")
    return {"group_id": payments.pk, "issue_id": issue.pk, "round_id": round_.pk}


def held(operation: Any, mode: GenerationMode, known: dict[str, int], token: str) -> set[int]:
    """The statuses of the answers to many requests. Raises AssertionError for one that the document does not have."""
    seen = set()
    headers = {"Authorization": f"Bearer {token}"}
    real = {name: number for name, number in known.items() if f"{{{name}}}" in operation.path}

    @settings(
        max_examples=EXAMPLES or FEW,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(mode, headers=headers)
        | operation.as_strategy(mode, headers=headers, path_parameters=real)
    )
    def try_one(case: Any) -> None:
        rate_limits.forget()  # which have tests of their own
        answer = case.call_and_validate(headers=headers, excluded_checks=NOT_OF_THE_DOCUMENT)
        seen.add(answer.status_code)

    try_one()
    return seen


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_the_document_has_is_answered_as_it_says(document, known, alice, method, path):
    seen = held(document[path][method], GenerationMode.POSITIVE, known, api_tokens.make(alice))
    assert seen & {200, 201}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_it_does_not_have_is_refused_as_it_says(document, known, alice, method, path):
    seen = held(document[path][method], GenerationMode.NEGATIVE, known, api_tokens.make(alice))
    assert seen & {400, 404, 422}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_no_operation_is_open_to_a_bad_token(document, known, alice, method, path):
    earlier = api_tokens.make(alice)
    good = api_tokens.make(alice)
    for header in ("", "Bearer", "Bearer est_wrong", f"Bearer {earlier}", f"Basic {good}", f"Bearer {good}x"):
        case = document[path][method].Case(path_parameters=known, body={}, media_type="application/json")
        assert case.call_and_validate(headers={"Authorization": header}).status_code == 401, header
