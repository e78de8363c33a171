"""Tests of the instrumentation."""
