"""Where articles come from. One module a kind of source; the contract is in base.py."""
