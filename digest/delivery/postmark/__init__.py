"""Postmark's HTTP API: our finished copies as its JSON, its answers as outcomes. Pure."""
