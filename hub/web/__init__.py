"""The HTTP API: every command of the hub over one port, the same powers as the command line."""

from hub.web.app import make_app, serving

__all__ = ["make_app", "serving"]
