"""Who may work at the desk: accounts, passwords, sessions, and the record of who did what."""
