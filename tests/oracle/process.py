"""Runs a function in a forked child of its own, and brings back what it returned."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
LENGTH = struct.Struct("!Q")
# Seconds after its time after which a child ends by itself: who waited for it may have been killed.
GRACE = 10


class ChildError(Exception):
    """The child raised, died or took too long; the text says which, with the child's traceback."""


def isolated(work: Callable[[], T], seconds: float) -> T:
    """What ``work`` returns in a forked child, which never comes back into its caller's code. Raises ChildError."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        _answer(work, write, int(seconds) + GRACE)
    os.close(write)
    try:
        done, answer = _read(read, monotonic() + seconds)
    finally:
        os.close(read)
        _end(pid)
    if not done:
        raise ChildError(answer)
    return answer


def be_quiet() -> None:
    """What a case prints is of no interest here."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115


def _answer(work: Callable[[], object], write: int, most: int) -> None:
    parent = os.getpid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(most)
    # A group of its own, so that what it forks can be ended with it.
    os.setpgid(0, 0)
    try:
        answer = pickle.dumps((True, work()))
    except BaseException:
        answer = pickle.dumps((False, traceback.format_exc()))
    if os.getpid() == parent:
        with os.fdopen(write, "wb") as pipe:
            pipe.write(LENGTH.pack(len(answer)) + answer)
    # Threads that never end, and children of the case's own, must not keep the child.
    os._exit(0)


def _read(read: int, until: float) -> tuple[bool, object]:
    """The child's answer. Its length comes first: a grandchild may hold the pipe open for as long as it lives."""
    data = b""
    while len(data) < LENGTH.size or len(data) < LENGTH.size + LENGTH.unpack_from(data)[0]:
        if not select.select([read], [], [], max(0.0, until - monotonic()))[0]:
            return False, "took too long"
        more = os.read(read, 1 << 16)
        if not more:
            return False, "ended without an answer"
        data += more
    return pickle.loads(data[LENGTH.size :])  # type: ignore[no-any-return]


def _end(pid: int) -> None:
    """Let the child go; one that hangs is killed, and so is what it has forked and left behind."""
    until = monotonic() + 2
    ended = 0
    while not ended and monotonic() < until:
        ended = os.waitpid(pid, os.WNOHANG)[0]
        select.select([], [], [], 0.001)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if not ended:
        os.waitpid(pid, 0)
