"""Preflight: what an issue would be stopped for, told before a reader sees it.

Checks are pure functions over frozen values (`material`); each yields what it found wrong, and the
registry (`checks`) knows them by ids that never change meaning. Reading, rendering, fetching and
writing are `run`'s work, in that order, with no transaction open in between.
"""
