"""The breaker: when a relay, or a relay towards one domain group, is left alone, and for how long.

standing.py holds the value and what may be asked of it, judgement.py how it changes (both pure),
rows.py the one place that writes ``relay_standings``, and watch.py what the drain calls. Nothing
lasts in memory: any process that reads the rows knows as much as the one that met the trouble.
"""
