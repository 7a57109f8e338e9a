"""Watching: what an instance says of itself to machines and to the people who run it."""
