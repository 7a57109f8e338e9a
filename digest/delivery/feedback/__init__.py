"""What we hear of a copy after it was accepted: one normal form, and one parser for each provider.

Parsers are pure: bytes in, `Feedback` out. What follows from it (ledger, suppression) is decided
elsewhere.
"""
