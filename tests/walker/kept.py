"""Bodies on which walk and analysis have disagreed, shrunk, each with the verdict that is right.

``feature`` is the one of the generator that it needs, if any. While that one is off, the two still disagree on it.
"""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from .generator import IMPORTS, SPAWN

NEVER = "never leaks"
RAISING = "leaks only when something raises"
PLAIN = "leaks on a plain path"


class Kept(NamedTuple):
    name: str
    words: str
    feature: str
    body: str

    @property
    def text(self) -> str:
        """The whole module."""
        return "\n\n".join([IMPORTS, ITEM, textwrap.dedent(self.body).strip(), SPAWN])


ITEM = """\
class Item(models.Model):
    pass


class Stop(Exception):
    pass


class Other(Stop):
    pass
"""

KEPT = (
    Kept(
        "tested for open",
        NEVER,
        "",
        """
        def entry():
            if connection.connection:
                Item.objects.count()
    """,
    ),
    Kept(
        "closed where open",
        RAISING,
        "",
        """
        def entry():
            Item.objects.count()
            if connection.connection is not None:
                connection.close()
    """,
    ),
    Kept(
        "caught inside already",
        NEVER,
        "",
        """
        def entry():
            try:
                try:
                    unknown()
                except Other:
                    pass
            except Other:
                Item.objects.count()
    """,
    ),
    Kept(
        "suppressed inside already",
        NEVER,
        "",
        """
        def entry():
            try:
                with contextlib.suppress(Stop):
                    unknown()
            except Stop:
                Item.objects.count()
    """,
    ),
    Kept(
        "opened by a guard that fails",
        PLAIN,
        "guarded case",
        """
        def entry():
            match pick():
                case other if Item.objects.count():
                    connection.close()
    """,
    ),
    Kept(
        "opened between the elements",
        NEVER,
        "generator",
        """
        def closing_numbers():
            try:
                yield 1
            finally:
                connection.close()

        def entry():
            for element in closing_numbers():
                Item.objects.count()
    """,
    ),
    Kept(
        "closes on each element",
        RAISING,
        "generator",
        """
        def numbers():
            yield 1

        def entry():
            Item.objects.count()
            for element in numbers():
                connection.close()
    """,
    ),
    Kept(
        "left before its end",
        NEVER,
        "broken generator",
        """
        def closing_numbers():
            try:
                yield 1
            finally:
                connection.close()

        def entry():
            for element in closing_numbers():
                Item.objects.count()
                break
    """,
    ),
    Kept(
        "closes on each element of an expression",
        RAISING,
        "iterated expression",
        """
        def entry():
            Item.objects.count()
            for element in (number for number in (1, 2)):
                connection.close()
    """,
    ),
    Kept(
        "pushed as a manager",
        NEVER,
        "enter context",
        """
        def entry():
            with contextlib.ExitStack() as stack:
                stack.enter_context(contextlib.closing(connection))
                Item.objects.count()
    """,
    ),
    Kept(
        "touch before the push",
        RAISING,
        "late callback",
        """
        def entry():
            with contextlib.ExitStack() as stack:
                Item.objects.count()
                stack.callback(connection.close)
    """,
    ),
    Kept(
        "closes when left by an exception",
        NEVER,
        "looks at kind",
        """
        class ClosingOnError:
            def __enter__(self):
                return self

            def __exit__(self, kind, error, trace):
                if kind is not None:
                    connection.close()

        def entry():
            with ClosingOnError():
                Item.objects.count()
                raise Stop
    """,
    ),
    Kept(
        "range that is not empty",
        RAISING,
        "range",
        """
        def entry():
            Item.objects.count()
            for number in range(2):
                connection.close()
    """,
    ),
    Kept(
        "made and raised",
        NEVER,
        "made exception",
        """
        def entry():
            try:
                raise Stop("enough")
            except Other:
                Item.objects.count()
            except Stop:
                pass
    """,
    ),
    Kept(
        "child behind its parent",
        NEVER,
        "narrow after wide",
        """
        def entry():
            try:
                unknown()
            except Stop:
                pass
            except Other:
                Item.objects.count()
    """,
    ),
    Kept(
        "goes on behind a swallowed exception",
        PLAIN,
        "swallowed end",
        """
        @contextlib.contextmanager
        def swallowing():
            try:
                yield
            except Stop:
                pass

        def entry():
            with swallowing():
                raise Stop
            Item.objects.count()
    """,
    ),
    Kept(
        "behind functools.wraps",
        PLAIN,
        "wraps",
        """
        def plain(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)

            return wrapper

        @plain
        def entry():
            Item.objects.count()
    """,
    ),
    Kept(
        "what exits is no Exception",
        NEVER,
        "exit",
        """
        def entry():
            try:
                sys.exit()
            except Exception:
                Item.objects.count()
    """,
    ),
    Kept(
        "the rest of a group is a group",
        NEVER,
        "exception group",
        """
        def entry():
            try:
                try:
                    unknown()
                except* KeyError:
                    connections.close_all()
                except* Stop:
                    pass
            except Stop:
                Item.objects.count()
    """,
    ),
    Kept(
        "a group passes a plain handler",
        PLAIN,
        "exception group",
        """
        def entry():
            try:
                try:
                    Item.objects.count()
                    connection.close()
                except Stop:
                    connection.close()
            except* Stop:
                pass
    """,
    ),
    Kept(
        "two handlers of one group",
        PLAIN,
        "exception group",
        """
        def entry():
            try:
                unknown()
            except* KeyError:
                Item.objects.count()
            except* Stop:
                unknown()
    """,
    ),
    Kept(
        "taken by the first of two handlers",
        NEVER,
        "exception group",
        """
        def entry():
            try:
                unknown()
            except* (Stop, KeyError):
                pass
            except* Stop:
                Item.objects.count()
    """,
    ),
    Kept(
        "closed in the body of a class",
        RAISING,
        "class body",
        """
        def entry():
            Item.objects.count()

            class Inner:
                connection.close()
    """,
    ),
    Kept(
        "closed by the generator that is delegated to",
        NEVER,
        "delegating generator",
        """
        def closing_numbers():
            try:
                yield 1
            finally:
                connection.close()

        def relayed_numbers():
            yield from closing_numbers()

        def entry():
            for element in relayed_numbers():
                Item.objects.count()
    """,
    ),
    Kept(
        "pushed as a function",
        NEVER,
        "push",
        """
        def closes_on_exit(kind, error, trace):
            connection.close()

        def entry():
            with contextlib.ExitStack() as stack:
                stack.push(closes_on_exit)
                Item.objects.count()
    """,
    ),
    Kept(
        "of a pushed manager only the end",
        NEVER,
        "push",
        """
        class Closing:
            def __enter__(self):
                Item.objects.count()

            def __exit__(self, kind, error, trace):
                connection.close()

        def entry():
            with contextlib.ExitStack() as stack:
                stack.push(Closing())
                Item.objects.count()
    """,
    ),
    Kept(
        "raised by a handler that took no group",
        PLAIN,
        "exception group",
        """
        def entry():
            try:
                try:
                    raise Stop
                except* Stop:
                    Item.objects.count()
                    raise Other
            except Other:
                pass
    """,
    ),
    Kept(
        "opened in a class inside a class",
        PLAIN,
        "class body",
        """
        def entry():
            class Outer:
                class Inner:
                    Item.objects.count()
    """,
    ),
    Kept(
        "one exception left of a group is none",
        NEVER,
        "exception group",
        """
        def entry():
            try:
                try:
                    Item.objects.count()
                    connection.close()
                except* Exception:
                    raise Stop
            except Stop:
                connection.close()
    """,
    ),
    Kept(
        "close refused while a generator is thrown away",
        PLAIN,
        "async",
        """
        def closing_numbers():
            try:
                yield 2
            finally:
                connection.close()


        async def main():
            try:
                for element in closing_numbers():
                    await Item.objects.acount()
            except Stop:
                pass


        def entry():
            asyncio.run(main())
    """,
    ),
    Kept(
        "return while a generator is thrown away",
        PLAIN,
        "generator",
        """
        def numbers():
            try:
                yield 2
            finally:
                return


        def entry():
            for element in numbers():
                Item.objects.count()
                break
            else:
                connection.close()
    """,
    ),
    Kept(
        "operands that leave no choice",
        NEVER,
        "short circuit",
        """
        def stops():
            raise Stop


        def entry():
            if flag() and stops():
                Item.objects.count()
            if flag() and unknown() and 0:
                Item.objects.count()
            if flag() or 1:
                pass
            else:
                Item.objects.count()
            while flag() and stops():
                Item.objects.count()
    """,
    ),
    Kept(
        "operand that opens goes with the arm",
        RAISING,
        "short circuit",
        """
        def entry():
            if flag() or Item.objects.count():
                pass
            elif connection.connection is None:
                Item.objects.count()
                return
            connection.close()
    """,
    ),
    Kept(
        "manager of a class body in the second round",
        RAISING,
        "class body",
        """
        class Closing:
            def __exit__(self, kind, error, trace):
                connection.close()


        def entry():
            for element in (1, 2):
                class Inner:
                    with contextlib.ExitStack() as stack:
                        Item.objects.count()
                        stack.push(Closing())
    """,
    ),
    Kept(
        "what an assertion that holds has run",
        RAISING,
        "assert",
        """
        def entry():
            assert flag() and Item.objects.count(), "no"
            if connection.connection is None:
                Item.objects.count()
            else:
                connection.close()
    """,
    ),
    Kept(
        "what a loop's test has run in the round that it leads to",
        RAISING,
        "while",
        """
        def entry():
            while flag() and Item.objects.count():
                if connection.connection is None:
                    Item.objects.count()
                    return
                connection.close()
                return
            connection.close()
    """,
    ),
    Kept(
        "suppressed after a handler has taken its base class",
        RAISING,
        "suppress",
        """
        class Stop(Exception):
            pass


        class Other(Stop):
            pass


        def entry():
            with contextlib.suppress(Other):
                try:
                    Item.objects.count()
                except* Stop:
                    pass
                connection.close()
    """,
    ),
)
