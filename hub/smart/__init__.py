"""SMART Backend Services 2.2: systems that sign in with a key of their own and get a short-lived access token."""
