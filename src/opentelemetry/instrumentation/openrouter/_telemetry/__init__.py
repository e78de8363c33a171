"""Makes all spans, points and events. Knows no client."""
