"""The shipped test kit: what a plug-in's author needs. The only room that imports pytest."""

from digest.testing.backends import BackendContract
from digest.testing.faults import FaultServer
from digest.testing.smtp import MailServer
from digest.testing.sources import SourceContract

__all__ = ["BackendContract", "FaultServer", "MailServer", "SourceContract"]
