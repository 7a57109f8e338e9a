"""What operators are told of: every alert by its name, with its words and its patience.

docs/alerts.md says of each what it means and what to do; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import timedelta

NONE = timedelta(0)
PAGE = "docs/alerts.md"


@dataclass(frozen=True, slots=True)
class Alert:
    """One kind of trouble. `title` has a place for its subject.

    It is told of once it has lasted `after`, and is over once nothing was seen of it for `calm`, so
    that one which comes and goes is told of once. An event (`lasts` is false) is told of at once,
    and is over then.
    """

    title: str
    do: str
    after: timedelta = NONE
    calm: timedelta = NONE
    lasts: bool = True

    def titled(self, subject: str) -> str:
        """Return the title with its subject."""
        return self.title.format(subject)


ALERTS = {
    "relay-down": Alert(
        "The relay {} is out of order",
        "Look at the relay, its name and password. No copy is lost: all wait.",
        after=timedelta(minutes=5),
        calm=timedelta(minutes=2),
    ),
    "group-rests": Alert(
        "Mail to {} is refused and rests",
        "Read the reply; ask the provider, or lower the limits for that group.",
        calm=timedelta(minutes=10),
    ),
    "letters-wait": Alert(
        "Service mails of {} wait",
        "Confirmations, sign-in links and alerts do not leave: look at the relay.",
        after=timedelta(minutes=30),
        calm=timedelta(minutes=2),
    ),
    "mailbox-unread": Alert(
        "The mailbox of {} cannot be read",
        "Look at its server, name and password; readers' letters wait there.",
        after=timedelta(hours=1),
    ),
    "messages-kept": Alert(
        "Mail that came back was not understood by the {}",
        "digest feedback list shows it; read it, act on what it says, and put it away.",
        after=timedelta(hours=1),
    ),
    "held": Alert(
        "The {} is held: nothing is sent",
        "digest takeover shows what is held, and lets it go; docs/backup.md says how to decide.",
    ),
    "sources-failing": Alert(
        "The source {} has failed for a day",
        "Look at its page: digest sources list has the reason. Let it rest if it is gone.",
        after=timedelta(days=1),
    ),
    "disk-low": Alert(
        "Little disk is left for the {}",
        "Make room: without any nothing is recorded, and so nothing is sent.",
        calm=timedelta(minutes=10),
    ),
    "backup-old": Alert(
        "The last backup of the {} is old",
        "Look at the backup's timer; make one by hand: digest backup FOLDER.",
        after=timedelta(hours=1),
    ),
    "keys-not-copied": Alert(
        "There is no copy of the present {}",
        "digest keys export, away from the database: without keys no address can be read again.",
        after=timedelta(days=1),
    ),
    "complaints": Alert(
        "Readers of {} complain",
        "Look at how those readers came to you, and make leaving easy to find.",
        calm=timedelta(hours=1),
    ),
    "complaints-grave": Alert(
        "Far too many readers of {} complain",
        "Send nothing more to those who came the same way before you know why.",
        calm=timedelta(hours=1),
    ),
    "copies-uncertain": Alert(
        "Copies of {} are uncertain",
        "digest issue uncertain lists them; digest issue evidence settles them by the relay's log.",
        after=timedelta(hours=1),
    ),
    "slot-not-opened": Alert(
        "The issue of {} is due and was not begun",
        "Look at the scheduler's log: it runs, and could not begin this one.",
        after=timedelta(minutes=5),
    ),
    "part-hangs": Alert(
        "The loop {} of the scheduler hangs",
        "Restart the service if systemd has not done it; look at the log around that moment.",
        calm=timedelta(minutes=2),
    ),
    "scheduler-away": Alert(
        "The scheduler was away {}",
        "See why it was: the machine, the service. Slots of that time were opened late or missed.",
        lasts=False,
    ),
    "clock-jumped": Alert(
        "The clock jumped {}",
        "See that the machine keeps its time by NTP; slots are due by that clock.",
        lasts=False,
    ),
}
