"""The only outgoing HTTP: one deadline, a size cap, every host and redirect checked.

`Fetcher` connects to the very address it checked, so a name that changes its mind between the check
and the connection gains nothing. What a body means is for others to say.
"""

from digest.fetch.client import Fetched, Fetcher, shown

__all__ = ["Fetched", "Fetcher", "shown"]
