"""Pacing: how many copies a relay is given, and when; counted in the database, so that it holds for
all processes together and outlives each of them.

limits.py decides what is allowed and writes nothing, allowances.py books it (``relay_uses``,
``relay_paces``), seats.py keeps connections (``relay_seats``), sharing.py shares them out and
seating.py asks for one process. forecast.py plays the same rules forward, and plan.py asks it about
an issue. Waiting for a limit is no attempt of a copy.
"""
