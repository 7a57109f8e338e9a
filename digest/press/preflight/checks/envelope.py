"""Group 8: what is read before the mail is opened."""

import re
from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check

LONGEST_SUBJECT, LONG_SUBJECT = 150, 60  # characters; a phone shows about 40
PREHEADER = range(40, 121)  # characters that a list of mails shows beside the subject


@check("subject-missing", Level.BLOCK, "The issue has no subject.")
def subject_missing(material: Material) -> Iterator[Said]:
    """Blanks are none."""
    if not material.view.subject.strip():
        yield Said("the issue has no subject")


@check("subject-too-long", Level.BLOCK, "The subject is longer than any mail program shows.")
def subject_too_long(material: Material) -> Iterator[Said]:
    """More than 150 characters."""
    length = len(material.view.subject)
    if length > LONGEST_SUBJECT:
        yield Said(f"the subject has {length} characters; {LONGEST_SUBJECT} are the most")


@check("subject-long", Level.WARN, "The subject is cut off on phones.")
def subject_long(material: Material) -> Iterator[Said]:
    """More than 60 characters."""
    length = len(material.view.subject)
    if LONG_SUBJECT < length <= LONGEST_SUBJECT:
        yield Said(f"the subject has {length} characters; beyond {LONG_SUBJECT} phones cut it off")


@check("subject-shouts", Level.WARN, "The subject shouts, as spam does.")
def subject_shouts(material: Material) -> Iterator[Said]:
    """All capitals, or two exclamation marks."""
    subject = material.view.subject
    letters = [character for character in subject if character.lower() != character.upper()]
    if len(letters) >= 5 and all(character.isupper() for character in letters):
        yield Said("the subject is all capitals")
    if len(re.findall("[!¡！]", subject)) >= 2:
        yield Said("the subject has more than one exclamation mark")


@check("preheader-length", Level.WARN, "The preheader does not fill the line beside the subject.")
def preheader_length(material: Material) -> Iterator[Said]:
    """40 to 120 characters; without one, mail programs show the first words they find."""
    length = len(material.view.preheader.strip())
    if not length:
        yield Said("there is no preheader: mail programs show the date line instead")
    elif length not in PREHEADER:
        yield Said(f"the preheader has {length} characters; 40 to 120 fill the line and fit it")


@check("preheader-repeats", Level.WARN, "The preheader says what the subject says.")
def preheader_repeats(material: Material) -> Iterator[Said]:
    """Whatever the case."""
    subject, preheader = material.view.subject.strip(), material.view.preheader.strip()
    if subject and subject.casefold() == preheader.casefold():
        yield Said("the preheader repeats the subject: say something more")
