"""Tests with frameworks that call OpenRouter, each in its own environment."""
