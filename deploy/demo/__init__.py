"""The demonstration: an invented county's day through the hub, with partners that really receive what is sent."""
