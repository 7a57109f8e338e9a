"""From a frozen view of an issue to the bytes of one reader's copy; knows no database and no
network.
"""
