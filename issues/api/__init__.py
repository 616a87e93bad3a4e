"""The JSON API: groups, issues and rounds, for programs that come with a token.

It stands on the same functions as the pages: the permission gate, the forms, `backlog`, `ballots`. So what a page
refuses it refuses, and what a page seals it seals.
"""

ADDRESS = "/api/v1/"
