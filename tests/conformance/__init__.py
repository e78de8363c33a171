"""Calls the OpenAI SDK with and without the instrumentation in each public calling style, and compares all effects."""
