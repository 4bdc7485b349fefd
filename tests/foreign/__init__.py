"""Messages as other people's systems send them: shapes taken from public examples of many vendors and guides, with
invented persons. They are written out field by field, apart from the builders of the other tests.
"""
