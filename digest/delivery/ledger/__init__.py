"""The ledger: which copy of which issue is pending, dotted, accepted, or how else it ended.

These modules are the sole writers of deliveries, chunks and their events. Leasing a chunk is the
claim to every pending row in it (leases.py). A row turns ``dotted`` only under a live lease, and
that commit is what allows the final dot onto the wire (rows.py). A row found dotted when its chunk
is leased anew belongs to an owner that is gone: nobody can know whether the copy went, so it
becomes *uncertain* and is never sent again by itself. docs/decisions/0002 says why a chunk stays in
charge of its rows until the last one is settled.
"""
