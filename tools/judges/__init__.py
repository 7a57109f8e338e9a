"""Independent judges of the mails: ``make judges`` asks programs that are not ours what they think.

docs/judges.md says what each one judges, with which data, and what to do when it finds something.
"""
