"""The store: cells and what they hold, with a journal instead of copies.

Branches are run one after the other on the same dictionary. An *arm* logs the old value of each cell that it writes;
leaving it takes its changes out as a ``Delta`` and restores what was there. Joining puts deltas back, so the cost of a
branch is what it writes, not the size of the store. A cell is kept with the number of the innermost arm that wrote it,
so that one look at the cell tells whether it was written since some point.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from flake8_django_threads.values.domain import Cell, Vals, join

Delta: TypeAlias = dict[Cell, Vals]
_Held: TypeAlias = tuple[Vals, int]


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
        self.recorders: list[Recorder] = []
        self._cells: dict[Cell, _Held] = {}
        self._logs: list[dict[Cell, _Held | None]] = [{}]

    @property
    def depth(self) -> int:
        """The number of arms that have begun, for ``since``."""
        return len(self._logs)

    def get(self, cell: Cell) -> Vals | None:
        """What the cell holds now, or None; remembered as read by the running call."""
        held = self._cells.get(cell)
        found = held[0] if held is not None else self.base.get(cell)
        if self.recorders:
            recorder = self.recorders[-1]
            if (held is None or held[1] < recorder.depth) and cell not in recorder.reads:
                recorder.reads[cell] = found
        return found

    def peek(self, cell: Cell) -> Vals | None:
        """What the cell holds, without a trace."""
        held = self._cells.get(cell)
        return held[0] if held is not None else self.base.get(cell)

    def written(self, cell: Cell) -> Vals | None:
        """What running bodies left in the cell, without a trace; None where they did not write it."""
        held = self._cells.get(cell)
        return held[0] if held is not None else None

    def held(self) -> dict[Cell, Vals]:
        """All cells written, and what they hold."""
        return {cell: held[0] for cell, held in self._cells.items()}

    def set(self, cell: Cell, vals: Vals) -> None:
        """Replace what the cell holds."""
        held = self._cells.get(cell)
        arm = len(self._logs) - 1
        if held is None or held[1] != arm:
            self._logs[-1][cell] = held
        self._cells[cell] = (vals, arm)

    def add(self, cell: Cell, vals: Vals) -> None:
        """Let the cell hold ``vals`` too."""
        old = self.get(cell)
        self.set(cell, vals if old is None else join((old, vals)))

    def enter(self) -> None:
        """Begin an arm."""
        self._logs.append({})

    def leave(self) -> Delta:
        """End the arm: take its changes out and give them back."""
        cells = self._cells
        delta: Delta = {}
        for cell, old in self._logs.pop().items():
            if old is None:
                delta[cell] = cells.pop(cell)[0]
            else:
                delta[cell] = cells[cell][0]
                cells[cell] = old
        return delta

    def since(self, depth: int) -> Delta:
        """What has changed since there were ``depth`` arms: the state at an exit, seen from there."""
        cells = self._cells
        return {cell: cells[cell][0] for log in self._logs[depth:] for cell in log}

    def merge(self, deltas: Iterable[Delta]) -> bool:
        """Put the changes of alternative arms into the current one; True if a cell that was there before changed."""
        arms = list(deltas)
        if len(arms) == 1:
            changed = False
            for cell, vals in arms[0].items():
                held = self._cells.get(cell)
                changed = changed or (held is not None and held[0] != vals)
                self.set(cell, vals)
            return changed
        changed = False
        written: dict[Cell, list[Vals]] = {}
        for arm in arms:
            for cell, vals in arm.items():
                if cell in written:
                    written[cell].append(vals)
                else:
                    written[cell] = [vals]
        for cell, found in written.items():
            before = self.peek(cell)
            if before is not None and len(found) < len(arms):
                found.append(before)
            after = found[0] if found.count(found[0]) == len(found) else join(found)
            if after != before:
                changed = changed or before is not None
                self.set(cell, after)
        return changed

    def record(self) -> Recorder:
        """Begin to remember reads, for the summary of a call."""
        recorder = Recorder(len(self._logs))
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
                if cell not in outer.reads:
                    held = self._cells.get(cell)
                    if held is None or held[1] < outer.depth:
                        outer.reads[cell] = vals
