"""Clients, servers and workers that call back: the real library calls where the rows say, here or in another thread."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest

from libraries.brokers import amqp, kafka, mqtt, serving
from libraries.cases import MODELS, SECONDS, Cases, Job, runs_elsewhere

ELSEWHERE, HERE = Cases(), Cases()

pytestmark = pytest.mark.filterwarnings("ignore")


# MQTT, AMQP and Redis


def _mqtt_client(job: Job, port: int) -> Any:
    import paho.mqtt.client as mqtt_client

    client = mqtt_client.Client(mqtt_client.CallbackAPIVersion.VERSION2)
    client.on_message = job
    client.connect("127.0.0.1", port)
    return client


@ELSEWHERE.of("paho.mqtt.client.Client().loop_start")
def _paho(job: Job, _: Path) -> None:
    with serving(mqtt) as port:
        _mqtt_client(job, port).loop_start()


@ELSEWHERE.of("paho.mqtt.client.Client().message_callback_add", "wrapper")
def _paho_topic(job: Job, _: Path) -> None:
    with serving(mqtt) as port:
        client = _mqtt_client(print, port)
        client.message_callback_add("orders/#", job)
        client.loop_start()


@HERE.of("paho.mqtt.client.Client().loop_forever", "wrapper")
def _paho_here(job: Job, _: Path) -> None:
    def last(client: Any, *_: object) -> None:
        job()
        client.disconnect()

    with serving(mqtt) as port:
        _mqtt_client(last, port).loop_forever()


@HERE.of("paho.mqtt.subscribe.callback", "wrapper")
def _paho_subscribe(job: Job, _: Path) -> None:
    from paho.mqtt import subscribe

    def last(client: Any, *_: object) -> None:
        job()
        client.disconnect()

    with serving(mqtt) as port:
        subscribe.callback(last, "orders", hostname="127.0.0.1", port=port)


@HERE.of("pika.BlockingConnection().channel().start_consuming", "wrapper")
def _pika(job: Job, _: Path) -> None:
    import pika

    def last(channel: Any, *_: object) -> None:
        job()
        channel.stop_consuming()

    with serving(amqp) as port:
        channel = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port)).channel()
        channel.basic_consume("orders", last)
        channel.start_consuming()


def _pubsub(job: Job) -> Any:
    """A subscription with a handler, and a message in it; the server is a stand-in, the client is the real one."""
    import fakeredis
    from redis.client import PubSub

    client = fakeredis.FakeRedis()
    listener = client.pubsub(ignore_subscribe_messages=True)
    assert type(listener) is PubSub
    listener.subscribe(orders=job)
    client.publish("orders", "new")
    return listener


@ELSEWHERE.of("redis.client.PubSub().run_in_thread")
def _redis(job: Job, _: Path) -> None:
    def once(message: object) -> None:
        job()
        thread.stop()

    thread = _pubsub(once).run_in_thread(sleep_time=0.01)


@HERE.of("redis.client.PubSub().get_message", "wrapper")
def _redis_here(job: Job, _: Path) -> None:
    listener = _pubsub(job)
    for _step in range(3):
        listener.get_message()


@HERE.of("redis.client.PubSub().listen", "wrapper")
def _redis_listen(job: Job, _: Path) -> None:
    seen: list[object] = []
    listener = _pubsub(lambda _: (job(), seen.append(1), listener.unsubscribe()))
    for _message in listener.listen():
        pass
    assert seen


# Kafka


@ELSEWHERE.of("kafka.KafkaProducer().send().add_callback")
def _kafka(job: Job, _: Path) -> None:
    from kafka import KafkaProducer

    with serving(kafka) as port:
        options = {"api_version": (1, 0), "enable_idempotence": False}
        producer = KafkaProducer(bootstrap_servers=f"127.0.0.1:{port}", **options)
        sent = producer.send("orders", b"1")
        sent.add_callback(job)
        sent.get(SECONDS)
        producer.close()


@HERE.of("confluent_kafka.Producer().flush", "wrapper")
def _confluent(job: Job, _: Path) -> None:
    import confluent_kafka

    producer = confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": 20, "log_level": 0})
    producer.produce("orders", b"1", on_delivery=job)
    producer.flush(SECONDS)


@HERE.of("confluent_kafka.Producer().poll", "wrapper")
def _confluent_poll(job: Job, _: Path) -> None:
    import confluent_kafka

    producer = confluent_kafka.Producer({"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": 20, "log_level": 0})
    producer.produce("orders", b"1", on_delivery=job)
    while len(producer):
        producer.poll(0.1)


# Servers


def _grpc(handler: Any, kind: str) -> None:
    """Let the real server take one request for the handler, which stands where a servicer's method does."""
    from concurrent import futures

    import grpc

    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.Orders", {"Count": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    call = getattr(channel, kind)("/shop.Orders/Count")
    given = iter([b"1"]) if kind.startswith("stream") else b"1"
    answer = call(given, timeout=SECONDS)
    assert (b"".join(answer) if kind.endswith("stream") else answer) == b"2"
    server.stop(None)


@ELSEWHERE.of("grpc.unary_unary_rpc_method_handler")
def _grpc_one(job: Job, _: Path) -> None:
    import grpc

    _grpc(grpc.unary_unary_rpc_method_handler(lambda *_: (job(), b"2")[1]), "unary_unary")


@ELSEWHERE.of("grpc.stream_unary_rpc_method_handler")
def _grpc_many_in(job: Job, _: Path) -> None:
    import grpc

    _grpc(grpc.stream_unary_rpc_method_handler(lambda *_: (job(), b"2")[1]), "stream_unary")


def _answers(job: Job) -> Any:
    """A method that is a generator: its body runs when the answers are gone through."""

    def answers(*_: object) -> Any:
        job()
        yield b"2"

    return answers


@ELSEWHERE.of("grpc.unary_stream_rpc_method_handler")
def _grpc_many_out(job: Job, _: Path) -> None:
    import grpc

    _grpc(grpc.unary_stream_rpc_method_handler(_answers(job)), "unary_stream")


@ELSEWHERE.of("grpc.stream_stream_rpc_method_handler")
def _grpc_many(job: Job, _: Path) -> None:
    import grpc

    _grpc(grpc.stream_stream_rpc_method_handler(_answers(job)), "stream_stream")


def _application(job: Job) -> Any:
    def application(_: object, start_response: Any) -> list[bytes]:
        job()
        start_response("200 OK", [])
        return [b""]

    return application


def _request(server: Any) -> None:
    """One request from another thread, handled by this one, or by a thread that the server makes."""
    from threading import Thread

    client = Thread(target=lambda: urlopen(f"http://127.0.0.1:{server.server_address[1]}/").read())
    client.start()
    server.handle_request()
    client.join()
    server.server_close()


@ELSEWHERE.of("werkzeug.serving.make_server")
def _werkzeug(job: Job, _: Path) -> None:
    from werkzeug.serving import make_server

    _request(make_server("127.0.0.1", 0, _application(job), threaded=True))


@ELSEWHERE.of("werkzeug.serving.ThreadedWSGIServer")
def _werkzeug_server(job: Job, _: Path) -> None:
    from werkzeug.serving import ThreadedWSGIServer

    _request(ThreadedWSGIServer("127.0.0.1", 0, _application(job)))


@ELSEWHERE.of("wsgiref.simple_server.make_server")
def _wsgiref(job: Job, _: Path) -> None:
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    class Server(ThreadingMixIn, WSGIServer):
        pass

    _request(make_server("127.0.0.1", 0, _application(job), server_class=Server))


@HERE.of("wsgiref.simple_server.make_server")
def _wsgiref_alone(job: Job, _: Path) -> None:
    from wsgiref.simple_server import make_server

    _request(make_server("127.0.0.1", 0, _application(job)))


# Workers


@ELSEWHERE.of("temporalio.worker.Worker")
def _temporal(job: Job, _: Path) -> None:
    """The real activity worker; a stand-in for the server tells it of one activity, and that there are no more."""
    from concurrent.futures import ThreadPoolExecutor

    from temporalio import activity
    from temporalio.bridge.proto.activity_task import ActivityTask
    from temporalio.bridge.worker import PollShutdownError
    from temporalio.common import MetricMeter
    from temporalio.converter import DataConverter
    from temporalio.worker._activity import _ActivityWorker

    @activity.defn
    def count() -> None:
        job()

    class Server:
        def __init__(self) -> None:
            start = ActivityTask(task_token=b"1")
            start.start.activity_type, start.start.workflow_namespace = "count", "shop"
            self.tasks, self.done = [start], asyncio.Event()

        async def poll_activity_task(self) -> ActivityTask:
            if self.tasks:
                return self.tasks.pop()
            await self.done.wait()
            raise PollShutdownError

        async def complete_activity_task(self, _: object) -> None:
            self.done.set()

    async def work() -> None:
        server: Any = Server()
        worker = _ActivityWorker(
            bridge_worker=lambda: server,
            task_queue="orders",
            activities=[count],
            activity_executor=ThreadPoolExecutor(1),
            shared_state_manager=None,
            data_converter=DataConverter.default,
            interceptors=[],
            metric_meter=MetricMeter.noop,
            client=SimpleNamespace(namespace="shop"),  # type: ignore[arg-type]
            encode_headers=False,
        )
        await worker.run()

    asyncio.run(work())


@pytest.mark.parametrize(
    "keyword", ["event_handler", "status_handler", "artifacts_handler", "cancel_callback", "finished_callback"]
)
def test_ansible_runner_calls_each_handler_in_the_thread_of_the_run(keyword: str, tmp_path: Path) -> None:
    import ansible_runner

    row = MODELS.find("spawn", "ansible_runner.run_async")
    assert row is not None
    assert row.callable is not None
    assert keyword in {slot.keyword for slot in (row.callable, *row.also)}
    command = tmp_path / "ansible-playbook"
    command.write_text("#!/bin/sh\necho begun\nsleep 1\n")
    command.chmod(0o755)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "site.yml").touch()

    def run(job: Job, folder: Path) -> None:
        thread, _ = ansible_runner.run_async(
            private_data_dir=str(folder), playbook="site.yml", binary=str(command), quiet=True, **{keyword: job}
        )
        thread.join()

    assert runs_elsewhere(run, tmp_path)


@pytest.mark.parametrize("entry", ["on_start", "on_stop", "on_failure", "on_receive"])
def test_pykka_calls_each_hook_of_an_actor_in_its_thread(entry: str, tmp_path: Path) -> None:
    import pykka

    row = MODELS.find("subclass", "pykka.ThreadingActor")
    assert row is not None
    assert entry in row.entries

    def run(job: Job, _: Path) -> None:
        def on_receive(self: object, message: str) -> None:
            if message == "fail":
                raise ArithmeticError

        hooks: dict[str, Any] = {"on_receive": on_receive, entry: lambda *_: job()}
        actor = type("Actor", (pykka.ThreadingActor,), hooks).start()
        actor.tell("fail" if entry == "on_failure" else "message")
        if entry == "on_stop":
            actor.stop()
        actor.actor_stopped.wait(0.2)
        actor.stop()

    assert runs_elsewhere(run, tmp_path)


@HERE.of("nornir.core.Nornir().run")
def _nornir_without_threads(job: Job, _: Path) -> None:
    """Why no row speaks of what with_runner() gives."""
    from nornir.core import Nornir
    from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
    from nornir.plugins.runners import SerialRunner, ThreadedRunner

    inventory = Inventory(Hosts({"one": Host("one")}), Groups(), Defaults())
    Nornir(inventory, runner=ThreadedRunner()).with_runner(SerialRunner()).run(lambda _: job())


# Tools of language models


def _model() -> Any:
    """A model that asks for the tool ``count`` once."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    class Model(GenericFakeChatModel):
        def bind_tools(self, *_: object, **__: object) -> Any:
            return self

    asked = AIMessage("", tool_calls=[{"name": "count", "args": {}, "id": "1"}])
    return Model(messages=iter([asked, AIMessage("done")]))


def _tool(job: Job) -> Any:
    from langchain_core.tools import tool

    @tool
    def count() -> str:
        """Count the orders."""
        job()
        return "1"

    return count


@ELSEWHERE.of("langgraph.prebuilt.ToolNode")
def _tool_node(job: Job, _: Path) -> None:
    from langchain_core.messages import AIMessage
    from langgraph.graph import START, MessagesState, StateGraph
    from langgraph.prebuilt import ToolNode

    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([_tool(job)]))
    graph.add_edge(START, "tools")
    asked = AIMessage("", tool_calls=[{"name": "count", "args": {}, "id": "1"}])
    graph.compile().invoke({"messages": [asked]})


@ELSEWHERE.of("langgraph.prebuilt.create_react_agent")
def _react_agent(job: Job, _: Path) -> None:
    from langgraph.prebuilt import create_react_agent

    create_react_agent(_model(), tools=[_tool(job)]).invoke({"messages": [("user", "How many?")]})


@ELSEWHERE.of("langchain.agents.create_agent")
def _agent(job: Job, _: Path) -> None:
    from langchain.agents import create_agent

    create_agent(_model(), [_tool(job)]).invoke({"messages": [("user", "How many?")]})


@HERE.of("langchain_core.tools.tool", "wrapper")
def _tool_here(job: Job, _: Path) -> None:
    _tool(job).invoke({})


@pytest.mark.parametrize("path", ELSEWHERE)
def test_it_calls_back_in_another_thread(path: str, tmp_path: Path) -> None:
    assert runs_elsewhere(ELSEWHERE[path], tmp_path)


@pytest.mark.parametrize("path", HERE)
def test_it_calls_back_in_the_thread_that_asks(path: str, tmp_path: Path) -> None:
    assert not runs_elsewhere(HERE[path], tmp_path)
