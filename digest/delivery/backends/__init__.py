"""What takes a message off our hands. One module a backend; the contract is in base.py."""
