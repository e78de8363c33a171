"""Runs beside other instrumentors (`instrumentors`) and below frameworks (`frameworks`), each in its own environment."""
