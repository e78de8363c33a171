"""Requests to OpenRouter's own API, in the background, only for options that the user enabled."""
