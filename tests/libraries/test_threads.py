"""What the rows call a spawn really runs its callable in another thread, on the real library."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from socket import socketpair
from typing import Any

import pytest

from libraries.cases import MODELS, SECONDS, Cases, Job, runs_elsewhere

CASES = Cases()
spawns = CASES.of

pytestmark = pytest.mark.filterwarnings("ignore")


@spawns("anyio.to_thread.run_sync")
def _anyio(job: Job, _: Path) -> object:
    import anyio

    return anyio.run(anyio.to_thread.run_sync, job)


def _scheduler() -> Any:
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler()
    scheduler.start()
    return scheduler


@spawns("apscheduler.schedulers.background.BackgroundScheduler().add_job")
def _add_job(job: Job, _: Path) -> object:
    return _scheduler().add_job(job)


@spawns("apscheduler.schedulers.background.BackgroundScheduler().scheduled_job")
def _scheduled_job(job: Job, _: Path) -> object:
    return _scheduler().scheduled_job("date")(job)


@spawns("apscheduler.schedulers.background.BackgroundScheduler().add_listener")
def _add_listener(job: Job, _: Path) -> object:
    from apscheduler.events import EVENT_JOB_EXECUTED

    scheduler = _scheduler()
    scheduler.add_listener(job, EVENT_JOB_EXECUTED)
    return scheduler.add_job(print)


@spawns("asgiref.sync.sync_to_async")
def _asgiref(job: Job, _: Path) -> object:
    from asgiref.sync import sync_to_async

    return asyncio.run(sync_to_async(job, thread_sensitive=False)())


@spawns("fastapi.concurrency.run_in_threadpool")
def _fastapi(job: Job, _: Path) -> object:
    from fastapi.concurrency import run_in_threadpool

    return asyncio.run(run_in_threadpool(job))


@spawns("starlette.concurrency.run_in_threadpool")
def _starlette(job: Job, _: Path) -> object:
    from starlette.concurrency import run_in_threadpool

    return asyncio.run(run_in_threadpool(job))


@spawns("langchain_core.runnables.config.run_in_executor")
def _langchain(job: Job, _: Path) -> object:
    from langchain_core.runnables.config import run_in_executor

    return asyncio.run(run_in_executor(None, job))


@spawns("langchain_core.runnables.config.ContextThreadPoolExecutor().submit")
def _langchain_executor(job: Job, _: Path) -> object:
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    return ContextThreadPoolExecutor(1).submit(job).result(SECONDS)


@spawns("nornir.core.Nornir().run")
def _nornir(job: Job, _: Path) -> object:
    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
    from nornir.plugins.runners import ThreadedRunner

    hosts = Hosts({"one": Host("one")})
    return Nornir(Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner()).run(lambda _: job())


@spawns("paramiko.ServerInterface", "subclass")
def _paramiko(job: Job, _: Path) -> None:
    import paramiko

    class Server(paramiko.ServerInterface):
        def check_auth_password(self, username: str, password: str) -> int:
            job()
            return int(paramiko.AUTH_SUCCESSFUL)

    ours, theirs = socketpair()
    server = paramiko.Transport(ours)
    server.add_server_key(paramiko.RSAKey.generate(2048))
    server.start_server(server=Server(), event=threading.Event())
    client = paramiko.Transport(theirs)
    client.connect(username="u", password="p")
    client.close()
    server.close()


@spawns("tornado.ioloop.IOLoop().run_in_executor")
def _tornado(job: Job, _: Path) -> None:
    from tornado.ioloop import IOLoop

    async def main() -> None:
        await IOLoop.current().run_in_executor(None, job)

    asyncio.run(main())


@spawns("trio.to_thread.run_sync")
def _trio(job: Job, _: Path) -> object:
    import trio

    return trio.run(trio.to_thread.run_sync, job)


@spawns("twisted.internet.threads.deferToThreadPool")
def _twisted(job: Job, _: Path) -> None:
    from twisted.internet import reactor, threads
    from twisted.python.threadpool import ThreadPool

    pool = ThreadPool()
    pool.start()
    threads.deferToThreadPool(reactor, pool, job)
    pool.stop()


@spawns("watchdog.events.FileSystemEventHandler", "subclass")
def _watchdog(job: Job, folder: Path) -> None:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    class Handler(FileSystemEventHandler):
        def on_created(self, event: FileSystemEvent) -> None:
            job(event)

    observer = Observer()
    observer.schedule(Handler(), str(folder))
    observer.start()
    (folder / "new").touch()


@spawns("zeroconf.ServiceBrowser")
def _zeroconf(job: Job, _: Path) -> None:
    from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: object) -> None:
        job()

    kind = "_djt._tcp.local."
    ours = Zeroconf(interfaces=["127.0.0.1"])
    ServiceBrowser(ours, kind, handlers=[changed])
    ours.register_service(ServiceInfo(kind, f"one.{kind}", addresses=[b"\x7f\0\0\1"], port=1))


@spawns("django_thread.ThreadPoolExecutor().submit", "wrapper")
def _django_thread(job: Job, _: Path) -> object:
    from django_thread import ThreadPoolExecutor as Executor

    return Executor(1).submit(job).result(SECONDS)


@pytest.mark.parametrize("path", CASES)
def test_the_callable_runs_in_another_thread(path: str, tmp_path: Path) -> None:
    assert runs_elsewhere(CASES[path], tmp_path)


GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent, threading
seen = [threading.get_ident()]
gevent.spawn(lambda: seen.append(threading.get_ident())).join()
assert len(set(seen)) == 2, seen
"""
EVENTLET = """
import eventlet
eventlet.monkey_patch()
import threading
seen = [threading.get_ident()]
eventlet.spawn(lambda: seen.append(threading.get_ident())).wait()
assert len(set(seen)) == 2, seen
"""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("gevent.spawn", GEVENT),
        ("eventlet.spawn", EVENTLET),
    ],
)
def test_a_green_thread_counts_as_a_thread_of_its_own(path: str, text: str) -> None:
    """Each has its own thread-local values, and so its own connections."""
    assert MODELS.find("spawn", path) is not None
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
