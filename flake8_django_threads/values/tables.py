"""Which function evaluates which expression, runs which statement, and answers for which name of Python or a library.

Each file has a table of its own functions; only here, above all of them, are they put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flake8_django_threads.values import (
    branches,
    builtin_calls,
    comprehensions,
    container_calls,
    context_calls,
    dispatch,
    django_calls,
    dynamic_imports,
    expressions,
    job_calls,
    loops,
    made_classes,
    operations,
    servers,
    statements,
    texts,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Evaluator, Handler, Runner

EXPRESSIONS: Mapping[type, Evaluator] = expressions.EXPRESSIONS | comprehensions.EXPRESSIONS | operations.EXPRESSIONS
"""By the class of the record: the values that an expression may have; its flow goes to the running body."""

STATEMENTS: Mapping[type, Runner] = statements.STATEMENTS | loops.STATEMENTS | branches.STATEMENTS
"""By the class of the record: what a statement does; False where its end is not reached."""

HANDLERS: Mapping[str, Handler] = {
    name: handler
    for module in (
        builtin_calls,
        container_calls,
        context_calls,
        dispatch,
        django_calls,
        dynamic_imports,
        job_calls,
        made_classes,
        servers,
        texts,
    )
    for name, handler in module.HANDLERS.items()
}
"""By canonical name: what a call gives and does, where that is more than a row can say."""

MEANINGS: Mapping[str, Handler] = builtin_calls.MEANINGS | context_calls.MEANINGS
"""What a wrapper's row says in ``does``, where that is more than a call."""
