"""The command line, and the span exporter that prints a table. The instrumentation itself does not import it."""
