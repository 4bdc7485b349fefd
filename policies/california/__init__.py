"""California: who may consent for a minor, and the limits on other health information that AB 133 may lift."""
