"""What receivers find in the DNS about our mail: SPF, DKIM, DMARC, MX, SOA, PTR.

`resolver` asks. `spf`, `dkim` and `dmarc` read a record as receivers do; `sending`, `identity` and
`zones` go through the newsletters with them.
"""
