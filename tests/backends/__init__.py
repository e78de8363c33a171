"""Starts real backends on loopback and compares what they show for our spans with the simulator's bill.

`python -m tests.backends.run` runs them all.
"""
