"""Who dispatches: the worker, what bounds it for each partner, and what wakes it."""
