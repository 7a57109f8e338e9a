"""``digest doctor message.eml``: one copy as it arrived, judged by its own bytes.

What it says names domains and hosts, never an address: the file is some reader's mail.
"""
