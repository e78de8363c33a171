"""What the suites share that stand beside the tests: environments of their own, and their tables in the README."""
