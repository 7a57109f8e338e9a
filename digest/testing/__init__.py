"""The shipped test kit: what a plug-in's author needs. The only room that imports pytest."""

from digest.testing.api import ApiRequest, ApiServer, Reply
from digest.testing.backends import BackendContract
from digest.testing.certificates import LoopbackCertificate
from digest.testing.counting import CountingServer
from digest.testing.faults import FaultServer
from digest.testing.smtp import MailServer
from digest.testing.sources import SourceContract

__all__ = [
    "ApiRequest",
    "ApiServer",
    "BackendContract",
    "CountingServer",
    "FaultServer",
    "LoopbackCertificate",
    "MailServer",
    "Reply",
    "SourceContract",
]
