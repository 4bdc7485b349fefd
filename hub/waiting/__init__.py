"""What waits for a person, and what people decide about it. Nothing here delivers: what is let go is decided anew."""
