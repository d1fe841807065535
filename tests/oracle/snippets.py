"""The rows of the readers' table: what leaks, for how long, and what helps. Each is run as it is shown."""

from __future__ import annotations

from typing import NamedTuple


class Snippet(NamedTuple):
    """Lines as a reader may write them; ``work`` queries one row, ``fails`` does so and then raises.

    No snippet waits for a time: on a busy machine any time may be too short.
    """

    title: str
    code: str


WAYS = (
    Snippet("a thread", "t = Thread(target=work)\nt.start()\nt.join()"),
    Snippet("a timer", "t = Timer(0, work)\nt.start()\nt.join()"),
    Snippet("a bare thread", "_thread.start_new_thread(work, ())\nuntil_it_has_ended()"),
    Snippet("a pool in a with block", "with ThreadPoolExecutor() as pool:\n    pool.submit(work).result()"),
    Snippet("a pool that stays", "pool = ThreadPoolExecutor()\npool.submit(work).result()"),
    Snippet("a pool that was shut down", "pool = ThreadPoolExecutor()\npool.submit(work).result()\npool.shutdown()"),
    Snippet("multiprocessing's pool of threads", "pool = ThreadPool(1)\npool.apply(work)"),
    Snippet("asyncio.to_thread", "loop.run_until_complete(asyncio.to_thread(work))"),
    Snippet("the loop's own executor", "loop.run_until_complete(loop.run_in_executor(None, work))"),
    Snippet(
        "sync_to_async(thread_sensitive=False)",
        "loop.run_until_complete(sync_to_async(work, thread_sensitive=False)())",
    ),
    Snippet("asyncio.run, which ends its loop", "asyncio.run(asyncio.to_thread(work))"),
    Snippet(
        "database_sync_to_async of channels",
        "loop.run_until_complete(database_sync_to_async(work, thread_sensitive=False)())",
    ),
    Snippet("a process", "p = Process(target=work)\np.start()\np.join()"),
)

# Each is the body of a function that a thread runs.
CURES = (
    Snippet("nothing", "work()"),
    Snippet("close() at the end", "work()\nconnection.close()"),
    Snippet("close() at the end, and the work raises", "fails()\nconnection.close()"),
    Snippet("close() in finally, and the work raises", "try:\n    fails()\nfinally:\n    connection.close()"),
    Snippet("close_all() in finally, and the work raises", "try:\n    fails()\nfinally:\n    connections.close_all()"),
    Snippet("closing(connection)", "with closing(connection):\n    work()"),
    Snippet("each of connections.all()", "work()\nfor one in connections.all():\n    one.close()"),
    Snippet("each of connections, which are names", "work()\nfor one in connections:\n    one.close()"),
    Snippet("close_old_connections(), CONN_MAX_AGE 0", "work()\nclose_old_connections()"),
    Snippet("close_old_connections(), CONN_MAX_AGE 60", "keep(60)\nwork()\nclose_old_connections()"),
    Snippet("close_old_connections() at the start", "close_old_connections()\nwork()"),
    Snippet("close() before the last query", "work()\nconnection.close()\nwork()"),
    Snippet("a cursor's with block", "with connection.cursor() as cursor:\n    cursor.execute('SELECT 1')"),
    Snippet("del connections[...]", "work()\ndel connections['default']"),
    Snippet("reset_queries()", "work()\nreset_queries()"),
    Snippet("gc.collect() in the thread", "work()\ngc.collect()"),
)

POOL_CURES = (
    Snippet(
        "the job closes in finally",
        "def job():\n    try:\n        work()\n    finally:\n        connections.close_all()\n\n"
        "pool = ThreadPoolExecutor()\npool.submit(job).result()",
    ),
    Snippet(
        "the initializer closes",
        "pool = ThreadPoolExecutor(initializer=connections.close_all)\npool.submit(work).result()",
    ),
    Snippet("the caller closes", "pool = ThreadPoolExecutor()\npool.submit(work).result()\nconnections.close_all()"),
    Snippet(
        "a callback closes, when the job is done already",
        "pool = ThreadPoolExecutor()\nfuture = pool.submit(work)\nfuture.result()\n"
        "future.add_done_callback(lambda _: connections.close_all())",
    ),
)

SECTIONS = (
    ("What leaks, and for how long", "`work` runs one query and closes nothing.", WAYS),
    ("What helps in a thread", "Each is what a `Thread` runs; `fails` runs a query and raises then.", CURES),
    ("What helps in a pool", "The pool stays, as one in a module does.", POOL_CURES),
)
