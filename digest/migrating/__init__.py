"""Brings a store's schema up to this code's newest revision, and says beforehand what that will
take. The only package that loads Alembic, which costs every program that does not migrate a tenth
of its memory.
"""

from digest.migrating.admitting import admit
from digest.migrating.foreseeing import Step, pending_steps, read_steps
from digest.migrating.running import migrate
from digest.migrating.scripts import alembic_settings

__all__ = ["Step", "admit", "alembic_settings", "migrate", "pending_steps", "read_steps"]
