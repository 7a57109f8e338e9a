"""The proof of the guarantees: programs are killed, paused and cut off, and every copy is
counted.
"""
