"""How the running site is observed: its log, its metrics, and reports of its errors.

Nothing that is written here holds a secret, a vote, or what somebody typed: see `redaction`.
"""
