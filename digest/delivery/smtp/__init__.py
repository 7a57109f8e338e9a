"""SMTP in two phases: everything but the dot, then the dot."""
