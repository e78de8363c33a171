"""The checks of the command `doctor`, one subject a file. None changes anything, and none needs the SDK."""
