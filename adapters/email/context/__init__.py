"""Direct Context (Expressing Context in Direct Messaging, 1.0 and 1.1): what a message is about, for a program."""
