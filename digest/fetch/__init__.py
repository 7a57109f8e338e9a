"""The only outgoing HTTP: one deadline, a size cap, every host and redirect checked.

`client.Fetcher` connects to the very address it checked, so a name that changes its mind between
the check and the connection gains nothing. What a body means is for others to say; they need only
the values named here, and load no client for them.
"""

from digest.fetch.answer import Fetched
from digest.fetch.urls import shown

__all__ = ["Fetched", "shown"]
