"""People at the desk: accounts, factors, sessions."""
