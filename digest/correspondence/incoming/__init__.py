"""Mail that readers write to us: read, understood, and done. docs/by-mail.md says what acts."""
