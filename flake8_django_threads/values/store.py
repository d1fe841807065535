"""The store: cells and what they hold, with a journal instead of copies.

Branches are run one after the other on the same dictionary. An *arm* logs the old value of each cell that it writes;
leaving it takes its changes out as a ``Delta`` and restores what was there. Joining puts deltas back, so the cost of a
branch is what it writes, not the size of the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from flake8_django_threads.values.domain import Cell, Vals, join

Delta: TypeAlias = dict[Cell, Vals]


class Recorder:
    """The cells that one call read from outside before it wrote them, and the log depth at which it began."""

    __slots__ = ("depth", "reads")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.reads: dict[Cell, Vals | None] = {}


class Store:
    """Cells with strong updates. ``base`` holds what module bodies left; it is never rolled back."""

    def __init__(self) -> None:
        self.base: dict[Cell, Vals] = {}
        self.cells: dict[Cell, Vals] = {}
        self.logs: list[dict[Cell, Vals | None]] = [{}]
        self.recorders: list[Recorder] = []

    def get(self, cell: Cell) -> Vals | None:
        """What the cell holds now, or None; remembered as read by the running call."""
        found = self.cells.get(cell)
        if found is None:
            found = self.base.get(cell)
        if self.recorders:
            recorder = self.recorders[-1]
            if cell not in recorder.reads and not self._written_since(cell, recorder.depth):
                recorder.reads[cell] = found
        return found

    def peek(self, cell: Cell) -> Vals | None:
        """What the cell holds, without a trace."""
        found = self.cells.get(cell)
        return found if found is not None else self.base.get(cell)

    def set(self, cell: Cell, vals: Vals) -> None:
        """Replace what the cell holds."""
        log = self.logs[-1]
        if cell not in log:
            log[cell] = self.cells.get(cell)
        self.cells[cell] = vals

    def add(self, cell: Cell, vals: Vals) -> None:
        """Let the cell hold ``vals`` too."""
        old = self.get(cell)
        self.set(cell, vals if old is None else join((old, vals)))

    def _written_since(self, cell: Cell, depth: int) -> bool:
        return any(cell in log for log in self.logs[depth:])

    def enter(self) -> None:
        """Begin an arm."""
        self.logs.append({})

    def leave(self) -> Delta:
        """End the arm: take its changes out and give them back."""
        log = self.logs.pop()
        cells = self.cells
        delta = {cell: cells[cell] for cell in log if cell in cells}
        for cell, old in log.items():
            if old is None:
                cells.pop(cell, None)
            else:
                cells[cell] = old
        return delta

    def since(self, depth: int) -> Delta:
        """What has changed since there were ``depth`` arms: the state at an exit, seen from there."""
        cells = self.cells
        return {cell: cells[cell] for log in self.logs[depth:] for cell in log if cell in cells}

    def merge(self, deltas: Iterable[Delta]) -> bool:
        """Put the changes of alternative arms into the current one; True if a cell that was there before changed."""
        arms = list(deltas)
        if len(arms) == 1:
            changed = False
            for cell, vals in arms[0].items():
                changed = changed or self.cells.get(cell, vals) != vals
                self.set(cell, vals)
            return changed
        changed = False
        for cell in dict.fromkeys(cell for arm in arms for cell in arm):
            before = self.peek(cell)
            held = [arm.get(cell, before) for arm in arms]
            after = join(vals for vals in held if vals is not None)
            if after != before:
                changed = changed or before is not None
                self.set(cell, after)
        return changed

    def record(self) -> Recorder:
        """Begin to remember reads, for the summary of a call."""
        recorder = Recorder(len(self.logs))
        self.recorders.append(recorder)
        return recorder

    def recorded(self) -> dict[Cell, Vals | None]:
        """End it; what the call read counts as read by its caller too."""
        done = self.recorders.pop()
        self.replay(done.reads)
        return done.reads

    def replay(self, reads: dict[Cell, Vals | None]) -> None:
        """Count these cells as read by the running call."""
        if self.recorders:
            outer = self.recorders[-1]
            for cell, vals in reads.items():
                if cell not in outer.reads and not self._written_since(cell, outer.depth):
                    outer.reads[cell] = vals
