"""Message content: converted only where it is captured. A security review of content starts and ends here."""
