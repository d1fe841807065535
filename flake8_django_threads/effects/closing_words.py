"""The words of a close, for a look at a text before anything is parsed."""

from __future__ import annotations

from flake8_django_threads.models.gate import Gate

# A text that does not pass closes nothing.
CLOSING = Gate(
    [("close_all",), ("close_old_connections",), ("connection", ".close("), ("close_if_unusable",)]
    + [(signal, "send") for signal in ("request_finished", "request_started")]
)
