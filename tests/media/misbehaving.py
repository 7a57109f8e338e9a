"""Children of the darkroom that do what a decoder in trouble might; the first byte says what."""

import os
import resource
import signal
import sys
import time

if __name__ == "__main__":
    sys.stdin.buffer.readline()
    what = sys.stdin.buffer.read()
    if what == b"hang":
        time.sleep(60)
    elif what == b"die":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == b"lie":
        sys.stdout.write(
            '{"files": [{"size": 5, "kind": "jpg", "wide": 1, "high": 1}]}\nlonger than five'
        )
    elif what == b"tell when":
        began = time.monotonic()
        time.sleep(0.3)
        sys.stdout.write(f'{{"error": "{began} {time.monotonic()}"}}\n')
    elif what == b"limits":
        from digest.media.developing_child import limit

        limit()
        kinds = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)
        said = " ".join(str(resource.getrlimit(kind)[0]) for kind in kinds)
        sys.stdout.write(f'{{"error": "{said}"}}\n')
    elif what == b"hoard":
        from digest.media.developing_child import limit

        limit()
        bytearray(2 << 30)
