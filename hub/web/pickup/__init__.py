"""The pages of a secure pick-up: for a recipient's person who followed a link, in two languages, without a script."""
