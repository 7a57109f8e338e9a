"""Between the desk and the ledger: freeze the view, compile, approve, proofs. Friday itself never
compiles.
"""
