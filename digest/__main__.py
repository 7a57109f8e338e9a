"""``digest`` and ``python -m digest``: the command line."""

from digest.cli.main import main

if __name__ == "__main__":
    main()
