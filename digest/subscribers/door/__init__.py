"""The front door: what anybody may ask for, kept until it is answered, and what limits it."""
