"""A sample newsroom and one whole Friday on this machine."""
