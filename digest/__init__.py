"""Friday: a newsroom's hand-picked weekly digest, one copy to every subscriber."""

__version__ = "0.1.0"
