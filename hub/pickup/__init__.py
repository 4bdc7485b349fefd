"""Secure pick-up, for recipients with nothing but email: they are told that something waits, and come for it.

    dispatch ─▶ a neutral notice with a link (nothing is disclosed; the row waits)
    click    ─▶ a one-time code to the same address ─▶ dispatch again: decided anew, intent recorded, handed over

Consent is checked at the click, for that is when the disclosure is made. The link is bound to the recipient's verified
address and to one attempt; an old one opens nothing.
"""
