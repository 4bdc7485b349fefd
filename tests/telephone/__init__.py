"""A telephone exchange, fax machines and private HylaFAX servers on this machine, for tests that send real faxes."""
