"""What an operator does with the key ring: new keys, sealing anew, verifying, copies, ruin."""
