"""Breaking the glass: reading, in an emergency, what one's role or scope does not open; for a time, on the record."""
