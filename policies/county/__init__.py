"""County packs: rules of a county that are stricter than the state's, as data."""
