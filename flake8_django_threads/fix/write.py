"""Replace a file in one step, or leave it exactly as it was."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from .plan import Change


def write(change: Change) -> None:
    """Put the new content in place of the old one, keeping mode and owner; a symbolic link stays one.

    Raise OSError, with the reason as ``strerror``, where the file may not be written, or is no longer what it was when
    the change was worked out.
    """
    if change.before is None:
        _make(Path(change.path), change.after)
        return
    path = Path(change.path).resolve(strict=True)
    status = path.stat()
    # A rename would replace a read-only file without asking, and for root nothing is unwritable.
    if not status.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(path, os.W_OK):
        raise PermissionError(0, "it is read-only", change.path)
    _ask_folder(path)
    if path.read_bytes() != change.before:
        raise OSError(0, "it has changed meanwhile", change.path)
    temporary = _written(path, change.after)
    try:
        with contextlib.suppress(OSError, AttributeError):
            os.chown(temporary, status.st_uid, status.st_gid)
        temporary.chmod(stat.S_IMODE(status.st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _ask_folder(path: Path) -> None:
    if not path.parent.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(0, "its folder is read-only", str(path))


def _make(path: Path, data: bytes) -> None:
    """Make a file that is not there, with mode and owner of a module beside it, else as the folder lets one be read."""
    beside = min(path.parent.glob("*.py"), default=path.parent)
    status = beside.stat()
    _ask_folder(path)
    temporary = _written(path, data)
    try:
        with contextlib.suppress(OSError, AttributeError):
            os.chown(temporary, status.st_uid, status.st_gid)
        temporary.chmod(stat.S_IMODE(status.st_mode) & (0o777 if beside != path.parent else 0o666))
        try:
            # Unlike a rename this does not replace what somebody has put there meanwhile.
            path.hardlink_to(temporary)
        except OSError:
            if os.path.lexists(path):
                raise
            # Folders that a virtual machine or a network shares often know no hard links.
            temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def _written(path: Path, data: bytes) -> Path:
    """A new file beside a path, on the disk as a whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
