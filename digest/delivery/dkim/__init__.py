"""DKIM (RFC 6376): Friday's own signature under every copy, where a newsletter has keys for it."""
