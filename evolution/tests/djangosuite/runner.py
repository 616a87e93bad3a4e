"""Django's test runner, which also writes down how each test ended."""

import json
import os
import unittest
from pathlib import Path
from typing import Any

from django.test.runner import DiscoverRunner


class Result(unittest.TextTestResult):
    """Remembers the tests that were begun."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begun: list[str] = []

    def startTest(self, test: unittest.TestCase) -> None:
        self.begun.append(test.id())
        super().startTest(test)


class Runner(DiscoverRunner):
    """Writes the results to the file that DJANGOSUITE_RESULTS names, as JSON."""

    def get_resultclass(self) -> type[Result]:
        return Result

    def suite_result(self, suite: Any, result: Any, **kwargs: Any) -> int:
        from evolution.tests.djangosuite.apps import COUNTS

        failed = [*result.failures, *result.errors, *((test, "") for test in result.unexpectedSuccesses)]
        found = {
            "ran": result.begun,
            "failed": {test.id(): trace for test, trace in failed},
            "skipped": {test.id(): reason for test, reason in result.skipped},
            "counts": COUNTS,
        }
        Path(os.environ["DJANGOSUITE_RESULTS"]).write_text(json.dumps(found), encoding="utf-8")
        return super().suite_result(suite, result, **kwargs)
