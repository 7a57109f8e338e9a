"""Backups: database, pictures and configuration in a folder, each generation whole or not there.
Never the keys, and no secret that stands in the configuration.
"""
