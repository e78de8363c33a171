"""Frameworks that reach OpenRouter, each run in an environment of its own."""
