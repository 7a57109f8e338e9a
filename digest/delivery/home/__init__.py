"""The home of a database: the place that it is sent from.

Whoever starts from a restored backup, a copied folder or a clone must not send again what another
instance, or the time since, has sent. So the database knows its homes, by a secret that lies in a
file outside of it and of every backup, and that file knows how far the database has come. Where the
two do not fit, nothing is sent until somebody says so (``digest takeover``). docs/decisions/0023
says why it is done this way.
"""
