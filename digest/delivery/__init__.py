"""From a frozen audience to the last outcome: slots, ledger, sender, backends."""
