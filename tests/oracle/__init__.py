"""The oracle: every expectation of the fixtures is also measured, on a real database.

Each case under ``fixtures/rules/CODE`` and ``fixtures/silent``, and the shop in ``fixtures/project``, is made a Django
project that runs (``stage``): settings are written for it, its models get tables and three rows each with the keys 1 to
3, every alias that its text names is a database. What it hands to other threads is let run to the end, one after
another (``tracer``), and the connections that are open then are counted where the database counts them (``sessions``):
rows of ``pg_stat_activity`` or open handles on SQLite's file. Garbage is not collected meanwhile. Then each call that a
thread made and that may raise is made to raise in turn (``instrument``), each time in a process of its own (``run``).
In the end marks and runs are compared (``verdict``): a line that is marked with a leak must leak, without exceptions if
its code says so, and nothing else may.

What a case says about its run, as comments in any of its files
---------------------------------------------------------------
Nothing, mostly: the functions and methods that the case itself never names are called, with arguments made up from
names and annotations (``roots``); tests are run as tests, and a thread class that nobody makes is made and started.

``# run: pay(get(job="recount"), 1)``
    Statements to run instead, in the namespace of the file. Several such lines are several runs, each in a process of
    its own. Besides the file's own names there are ``request``, ``get(name=value)`` for a request with parameters,
    ``sync`` (``async_to_sync``), ``call`` (call with made-up arguments) and ``Namespace``.
    A case of many files may keep such lines in a ``runs.txt`` of its own instead, each behind the path of the file in
    whose namespace it runs: ``shop/jobs.py: start(1)``. There ``shop/tests.py: tests`` is a run for each test.
``# not run: why``
    The case cannot be run by anybody, because what it imports does not exist.

A module named ``settings.py`` in the case gives settings; of its ``DATABASES`` the aliases and what begins with
``CONN_`` count. Third-party packages are the real ones, out of the dependency group ``oracle``.

Effects other than leaks
------------------------
A rule about something else than an open connection (rows lost, rows not seen, an exception, a fork) keeps an
``observe.py`` in its own folder, ``fixtures/rules/CODE/observe.py``. Each function there whose name begins with
``observe_`` is called in a process of its own, on each database, with a ``Scene`` (``scene``), and returns a pair: what
was seen, and what the rule says is to be seen. They must be equal::

    def observe_rows_are_lost(scene):
        \"\"\"A close inside the block: it ends without an exception, and the row is gone.\"\"\"
        case = scene.load("close_in_a_callee")
        raised = scene.raised(case.pay, scene.request, 1)
        return (raised, scene.rows("SELECT count(*) FROM case_order WHERE paid")), ("", [(0,)])
"""
