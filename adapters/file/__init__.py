"""Files in folders, for partners with neither mail nor an API: CSV in, packets out, over SFTP or a local folder."""
