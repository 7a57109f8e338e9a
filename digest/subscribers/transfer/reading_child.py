"""The child process of `reading`: reads and judges one file, and sends block after block.

Has no keys and no store. Ends when it is done, or when nobody listens any more.
"""

import gc
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from digest.errors import BadInput
from digest.subscribers.transfer.reading import read_blocks


def serve(line: Connection) -> None:
    """Send the blocks of the file asked for, then None, or a text when it is bad input."""
    gc.disable()  # it would look through every row again and again, and rows make no cycles
    with line, suppress(EOFError, ConnectionError):
        source, after_row = line.recv()
        try:
            for block in read_blocks(source, after_row):
                line.send(block)
            line.send(None)
        except BadInput as error:
            line.send(str(error))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
