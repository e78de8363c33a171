"""Pure: JSON, headers and bytes become facts. Standard library only; never message content."""
