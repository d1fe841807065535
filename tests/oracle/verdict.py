"""Compares what ran with what is marked."""

from __future__ import annotations

from collections.abc import Iterator

from harness import Mark

from oracle.cases import Case
from oracle.run import Record, Seen


def disagreements(case: Case, record: Record) -> list[str]:
    """Where marks and runs disagree, as sentences; none where each mark is true and no other line leaks."""
    if record.problem:
        return [f"could not be run: {record.problem}"]
    rows = [f"{run.root} raised:\n{run.error}" for run in record.runs if run.error and not run.raises]
    if not record.runs:
        rows.append("nothing to call was found: add a run line")
    return [*rows, *_unmarked(case, record), *_unconfirmed(case, record)]


def turned(case: Case, record: Record) -> Iterator[tuple[str, Case]]:
    """The case with one line's verdict turned round, and that line: a leak not marked, or a mark where nothing leaks.

    A line that stands on the way to a leak of another line is left out: a mark there is confirmed by the other.
    """
    for line in case.leaks:
        left = [mark for mark in case.marks if (mark.path, mark.line) != line]
        others = {(mark.path, mark.line) for mark in left} & case.leaks.keys()
        leaking = [seen for run in record.runs for seen in run.seen if seen.leaked and _covers(seen, *line)]
        if not all(any(_covers(seen, *other) for other in others) for seen in leaking):
            yield f"{line[0]}:{line[1]} unmarked", case.marked(left)
    seen = [seen for run in record.runs for seen in run.seen]
    leaking_places = {place for one in seen if one.leaked for place in one.places}
    for path, first, *_ in sorted({place for one in seen for place in one.places} - leaking_places):
        if not any(place[0] == path and place[1] <= first <= place[2] for place in leaking_places):
            yield f"{path}:{first} marked", case.marked([*case.marks, Mark(path, first, "DJT001")])


def _unmarked(case: Case, record: Record) -> Iterator[str]:
    """Leaks on lines without a mark."""
    told = set()
    for run in record.runs:
        for seen in run.seen:
            if seen.leaked and not any(_covers(seen, *line) for line in case.leaks) and seen.places not in told:
                told.add(seen.places)
                how = (
                    "when line {} raises".format(", ".join(f"{site[0]}:{site[1]}" for site in sorted(run.raises)))
                    if run.raises
                    else "as it is"
                )
                yield f"leaks and has no mark ({run.root}, {how}): a {seen.kind} of {_shown(seen)}"


def _unconfirmed(case: Case, record: Record) -> Iterator[str]:
    """Marks that no leak confirms."""
    for line, count in case.leaks.items():
        runs = [run for run in record.runs if not run.raises or line not in case.always]
        leaking = [seen for run in runs for seen in run.seen if seen.leaked and _covers(seen, *line)]
        columns = {place[3] for seen in leaking for place in seen.places if place[0] == line[0] and place[1] == line[1]}
        if not leaking or len(columns) < count:
            ran = sum(_covers(seen, *line) for run in runs for seen in run.seen)
            yield f"{line[0]}:{line[1]} is marked {count} times and leaks at {len(columns)} places in {ran} runs"


def _covers(seen: Seen, path: str, line: int) -> bool:
    return any(place[0] == path and place[1] <= line <= place[2] for place in seen.places)


def _shown(seen: Seen) -> str:
    return ", ".join(f"{path}:{first}" for path, first, *_ in sorted(seen.places)) or "no line of the case"
