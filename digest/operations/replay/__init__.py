"""Sends a past issue once more, from a copy of the database to a server of our own on loopback, to
prove a program before it sends for good.
"""
