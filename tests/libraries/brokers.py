"""Servers that speak just enough of a protocol for a real client to call back."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import create_server, socket
from threading import Thread
from typing import Any


@contextmanager
def serving(talk: Callable[[socket], None]) -> Iterator[int]:
    """A server on this machine that talks with each client in a thread; gives its port."""
    with create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    Thread(target=talk, args=(server.accept()[0],), daemon=True).start()

        Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def mqtt(client: socket) -> None:
    """Accept the connection, then deliver one message on the topic ``orders``."""
    client.recv(1024)
    client.sendall(b"\x20\x02\x00\x00")
    client.sendall(b"\x30\x0b\x00\x06orders" + b"new")
    client.recv(1024)


def amqp(client: socket) -> None:
    """Open what is asked for and deliver one message to the first consumer."""
    from pika import frame, spec

    def answer(channel: int, method: object) -> None:
        client.sendall(frame.Method(channel, method).marshal())

    client.recv(8)
    answer(0, spec.Connection.Start(server_properties={}))
    rest = b""
    replies = {
        spec.Connection.StartOk: lambda _: spec.Connection.Tune(0, 131072, 0),
        spec.Connection.Open: lambda _: spec.Connection.OpenOk(),
        spec.Channel.Open: lambda _: spec.Channel.OpenOk(),
        spec.Basic.Consume: lambda asked: spec.Basic.ConsumeOk(asked.consumer_tag),
        spec.Basic.Cancel: lambda asked: spec.Basic.CancelOk(asked.consumer_tag),
        spec.Channel.Close: lambda _: spec.Channel.CloseOk(),
        spec.Connection.Close: lambda _: spec.Connection.CloseOk(),
    }
    while received := client.recv(4096):
        rest += received
        while True:
            used, asked = frame.decode_frame(rest)
            if not used:
                break
            rest = rest[used:]
            if isinstance(asked, frame.Method) and type(asked.method) in replies:
                answer(asked.channel_number, replies[type(asked.method)](asked.method))
            if isinstance(asked, frame.Method) and isinstance(asked.method, spec.Basic.Consume):
                tag = asked.method.consumer_tag
                answer(asked.channel_number, spec.Basic.Deliver(tag, 1, False, "", "orders"))
                client.sendall(frame.Header(asked.channel_number, 3, spec.BasicProperties()).marshal())
                client.sendall(frame.Body(asked.channel_number, b"new").marshal())


def kafka(client: socket) -> None:
    """One broker with the topic ``orders``, which takes every message."""
    while head := client.recv(12):
        size, key, version, number = struct.unpack(">ihhi", head)
        rest = size - 8
        while rest:
            rest -= len(client.recv(rest))
        body = _kafka_answer(key, version, *client.getsockname()).encode()
        client.sendall(struct.pack(">ii", len(body) + 4, number) + body)


def _kafka_answer(key: int, version: int, host: str, port: int) -> Any:
    from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse
    from kafka.protocol.producer import ProduceResponse

    if key == ApiVersionsResponse.API_KEY:
        known = [
            ApiVersionsResponse.ApiVersion(api_key=api, min_version=0, max_version=newest, version=version)
            for api, newest in ((ProduceResponse.API_KEY, 5), (MetadataResponse.API_KEY, 4), (key, 1))
        ]
        return ApiVersionsResponse(error_code=0, api_keys=known, throttle_time_ms=0, version=version)
    if key == MetadataResponse.API_KEY:
        topic = MetadataResponse.MetadataResponseTopic
        partition = topic.MetadataResponsePartition(
            error_code=0, partition_index=0, leader_id=0, replica_nodes=[0], isr_nodes=[0], version=version
        )
        broker = MetadataResponse.MetadataResponseBroker(node_id=0, host=host, port=port, rack=None, version=version)
        orders = topic(error_code=0, name="orders", is_internal=False, partitions=[partition], version=version)
        return MetadataResponse(brokers=[broker], controller_id=0, cluster_id=None, topics=[orders], version=version)
    taken = ProduceResponse.TopicProduceResponse.PartitionProduceResponse(
        index=0, error_code=0, base_offset=0, log_append_time_ms=-1, log_start_offset=0, version=version
    )
    orders = ProduceResponse.TopicProduceResponse(name="orders", partition_responses=[taken], version=version)
    return ProduceResponse(responses=[orders], throttle_time_ms=0, version=version)
