"""What pages stand on: sessions, forms, layout, words in two languages; shared by the desk and by later pages."""
