"""Tests of the documentation's site in a real browser: `make site`."""
