"""The OpenAI SDK with us and without us: each public way of calling, and whether more than the telemetry differs."""
