"""The media room: pictures that were taken in once, stripped, cut to shape, and kept.

`store` keeps files, `darkroom` makes them out of what comes from outside, `room` knows which there
are and who uses them. Nothing here asks the network: whoever fetched a picture hands its bytes in.
"""
