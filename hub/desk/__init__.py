"""What the desk's pages are made from: the log, the whole story of an entry, queues, charts. No HTML here."""
