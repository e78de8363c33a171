"""Real backends, started on loopback: what they show of our spans is compared with the simulator's bill.

`python -m tests.backends.run` runs them all.
"""
