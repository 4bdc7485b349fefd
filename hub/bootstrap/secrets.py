"""Files that settings name: certificates, keys, passwords."""

from pathlib import Path

from hub.errors import ConfigurationError


def content(path: Path, variable: str, *, secret: bool = False) -> bytes:
    """The file's bytes. Raises `ConfigurationError` naming the variable: unreadable, or a secret others may read."""
    try:
        if secret and path.stat().st_mode & 0o077:
            raise ConfigurationError(f"{variable} names a file that other users may read (chmod 600).")
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{variable} names a file that is not there.") from None
    except PermissionError:
        raise ConfigurationError(f"{variable} names a file that the hub's user may not read (chown).") from None
    except OSError:
        raise ConfigurationError(f"{variable} names a file that cannot be read.") from None


def readable(path: Path, variable: str, *, secret: bool = False) -> Path:
    """The path, for a library that opens it by itself. Raises as `content`."""
    content(path, variable, secret=secret)
    return path


def secret(path: Path, variable: str) -> str:
    """A password, without its line's end. Raises as `content`."""
    return content(path, variable, secret=True).decode(errors="replace").rstrip("\r\n")
