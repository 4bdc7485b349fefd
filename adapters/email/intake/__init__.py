"""Direct mail coming in: listened for behind a mail server, opened, and read as what the hub can act on."""
