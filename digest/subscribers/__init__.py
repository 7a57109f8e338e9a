"""Who reads: addresses, subscriptions, consent, suppression, and who belongs to an issue's
audience.
"""
