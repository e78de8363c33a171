"""Tests together with other instrumentors of the OpenAI SDK, each in its own environment."""
