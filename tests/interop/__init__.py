"""Tests with other instrumentors (`instrumentors`) and with frameworks (`frameworks`), each in its own environment."""
