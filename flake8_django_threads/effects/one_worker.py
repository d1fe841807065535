"""Pools of one worker: what a job opens there, the next job in the same thread can close."""

from __future__ import annotations

from flake8_django_threads.effects.evidence import close_alone
from flake8_django_threads.effects.executions import Event
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.values.domain import (
    Frame,
)
from flake8_django_threads.values.flow import sequence

_POOLS = frozenset({"ThreadPoolExecutor", "ThreadPool", "Pool"})


def closed_by_the_next(events: list[Event], module: r.ModuleFacts) -> list[Event]:
    """The events, each with the close that a later job of its function makes for it in the only worker there is."""
    if not has_one_worker(module):
        return events
    closing_jobs = [e for e in events if _only_pool_has_one_worker(e.event.stack[-1][0]) and close_alone(e.tree)]

    def follows(job: Event, event: Event) -> bool:
        (frame, at), (closing_frame, closing_at) = event.event.stack[-1], job.event.stack[-1]
        return frame is closing_frame and at < closing_at

    return [
        event._replace(tree=sequence([event.tree, next(job for job in closing_jobs if follows(job, event)).tree]))
        if event not in closing_jobs and any(follows(job, event) for job in closing_jobs)
        else event
        for event in events
    ]


def has_one_worker(module: r.ModuleFacts) -> bool:
    """Whether the module makes a pool of one worker, where each job runs in the same thread."""
    return any(_is_of_one(call) for call, _ in module.calls)


def _only_pool_has_one_worker(frame: Frame) -> bool:
    """Whether every pool that the function makes has one worker; where it makes none, every pool of its module."""
    made = [(call, scope) for call, scope in frame.module.calls if last_name(call.func) in _POOLS]
    own = [call for call, scope in made if scope is frame.function]
    return all(map(_is_of_one, own or [call for call, _ in made]))


def _is_of_one(call: r.Call) -> bool:
    """Whether a call makes a pool of one worker."""
    return last_name(call.func) in _POOLS and any(
        isinstance(v, r.Const) and v.value == 1 for v in (*call.args[:1], *(k.value for k in call.keywords))
    )
