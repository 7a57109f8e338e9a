"""The words of a correction that is mailed, in the newsletter's language."""

from digest.rendering.templates import Templates


def correction_subject(templates: Templates, language: str, subject: str) -> str:
    """Return the subject of the mail that corrects an issue of that subject."""
    words = templates.catalogues.words(language)
    return words.gettext("Correction: {subject}").format(subject=subject)
