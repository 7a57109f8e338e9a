"""The benchmarks: ``make bench`` measures Friday beside Postfix's own load generator and prints one
table.
"""
