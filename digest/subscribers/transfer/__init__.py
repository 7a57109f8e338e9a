"""Subscribers on their way in from a file: staged apart, merged in small steps, visible only when
complete.
"""
