"""The doctor: looks an instance over and says what is wrong and what to do; changes nothing.

`registry` is the list of checks, a family of them a file; `run` does them, those that ask the
network side by side; `received` judges one copy as it arrived. Every check has an id that never
changes its meaning, so that it can be looked up (docs/doctor.md) and asked for alone.
"""
