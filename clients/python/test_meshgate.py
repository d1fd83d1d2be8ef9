"""Tests of the Python client against real gateway processes on a virtual mesh.

``MESHGATE_COMMAND``: the command that a gateway is started with, as a JSON list; ``npm test`` sets it. By hand, in this
folder, after a build: ``python3 -m unittest``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any, Callable, Dict, Iterator, List, Optional

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import meshgate  # noqa: E402

MAIN = os.path.join(HERE, "..", "..", "dist", "src", "main.js")
COMMAND: List[str] = json.loads(os.environ.get("MESHGATE_COMMAND", json.dumps(["node", MAIN])))
NODES = [5, 6, 7, 8, 9]
#: A gateway on a loaded machine takes some seconds to start.
PATIENCE = 40.0


class Gateway:
    """A gateway process on a socket of its own; it can be killed and started again."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="mg-")
        self.path = os.path.join(self.folder, "s")
        self.start()

    def start(self) -> None:
        self.log = open(os.path.join(self.folder, "log"), "ab")
        flags = ["start", "--simulate", "--nodes", str(len(NODES)), "--seed", "7", "--socket", self.path]
        flags += ["--state", os.path.join(self.folder, "state")]
        self.process = subprocess.Popen(
            [*COMMAND, *flags],
            stdout=self.log,
            stderr=self.log,
            cwd=self.folder,
            # By default one message in a hundred is lost at each hop: a test that asks once needs its answer.
            env={**clean_environment(), "MESHGATE_SIMULATION_LOSS": "0"},
        )
        try:
            until(self._accepts, "the gateway accepts")
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.log.close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def await_mesh(self) -> None:
        """Every node has a position and has sent it recently."""
        with meshgate.Client(self.path) as client:
            until(lambda: len(client.latest("GPS")["values"]) == len(NODES), "every node has a position")

    def _accepts(self) -> bool:
        if self.process.poll() is not None:
            with open(self.log.name, encoding="utf-8") as log:
                raise AssertionError(f"the gateway has ended: {log.read()}")
        try:
            meshgate.Client(self.path).close()
        except meshgate.NotRunning:
            return False
        return True


def clean_environment() -> Dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MESHGATE_")}


def until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.05)


gateway: Gateway


def setUpModule() -> None:
    global gateway
    gateway = Gateway()
    try:
        gateway.await_mesh()
    except BaseException:
        gateway.stop()
        raise


def tearDownModule() -> None:
    gateway.stop()


class FakeGateway:
    """Sends each connection what the test scripts, in one write per request: ``{id}`` is the id of the request."""

    def __init__(self, *replies: List[Any]) -> None:
        self.folder = tempfile.mkdtemp(prefix="mg-")
        self.path = os.path.join(self.folder, "s")
        self.requests: List[Dict[str, Any]] = []
        self._replies = list(replies)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen()
        self._connections: List[socket.socket] = []
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FakeGateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed = True
        # Without this, a thread that waits in accept keeps the socket open.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hang_up(self) -> None:
        while self._connections:
            connection = self._connections.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def say(self, *messages: Any) -> None:
        self._connections[-1].sendall(lines(messages))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                if self._is_closed:
                    self.hang_up()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as requests:
            for line in requests:
                request = json.loads(line)
                self.requests.append(request)
                if request["method"] == "subscribe" and self._replies:
                    connection.sendall(lines(self._replies.pop(0)).replace(b'"{id}"', b"%d" % request["id"]))


def lines(messages: Any) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def accepted(**result: Any) -> Dict[str, Any]:
    started = {"subscription": "1", "seq": 100, "gone": None, "snapshot": None, **result}
    return {"jsonrpc": "2.0", "id": "{id}", "result": started}


def notified(method: str, **params: Any) -> Dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": {"subscription": "1", **params}}


def event(seq: int) -> Dict[str, Any]:
    return notified("event", event={"kind": "console", "seq": seq, "at": 0, "line": "x"})


@contextlib.contextmanager
def as_stranger(path: str) -> Iterator[None]:
    """Root is never denied access, and an owner can deny it to himself."""
    os.chmod(path, 0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


class Account:
    """Checks that every number after the first is delivered or inside a gap, in order and once."""

    def __init__(self) -> None:
        self.next: Optional[int] = None
        self.events = 0
        self.gaps: List[Dict[str, Any]] = []

    def take(self, item: Dict[str, Any]) -> None:
        if item["kind"] == "gap":
            first, last = item["from"], item["to"]
            self.gaps.append(item)
        else:
            first = last = item["seq"]
            self.events += 1
        if self.next is not None and first != self.next:
            raise AssertionError(f"expected {self.next}, got {item}")
        self.next = last + 1


class ErrorsTest(unittest.TestCase):
    def test_without_a_gateway_not_running_is_raised(self) -> None:
        with self.assertRaises(meshgate.NotRunning) as caught:
            meshgate.Client("/tmp/meshgate-there-is-none")
        self.assertEqual(caught.exception.code, "NOT_RUNNING")
        self.assertIn("meshgate start", str(caught.exception))
        with self.assertRaises(meshgate.NotRunning):
            asyncio.run(meshgate.AsyncClient("/tmp/meshgate-there-is-none").connect())
        with self.assertRaises(meshgate.NotRunning):
            meshgate.ClassicClient("/tmp/meshgate-there-is-none").command("ACT-C")

    def test_a_socket_without_access_raises_no_permission(self) -> None:
        with FakeGateway() as fake, as_stranger(fake.path):
            with self.assertRaises(meshgate.NoPermission):
                meshgate.Client(fake.path)
            with self.assertRaises(meshgate.NoPermission):
                meshgate.ClassicClient(fake.path).command("ACT-C")

    def test_refusals_have_the_gateways_codes(self) -> None:
        with meshgate.Client(gateway.path) as client:
            refused: Dict[str, Callable[[], object]] = {
                "NODE_NOT_FOUND": lambda: client.node(99),
                "TYPE_NOT_FOUND": lambda: client.latest("nothing"),
                "UNKNOWN_METHOD": lambda: client.call("nothing"),
                "BAD_PARAMS": lambda: client.call("node"),
                "ALARM_NOT_FOUND": lambda: client.acknowledge("nothing"),
                "DELIVERY_NOT_FOUND": lambda: client.delivery("nothing"),
                "MESSAGE_TOO_LONG": lambda: client.send(5, b"T" * 300),
                "OPCODE_NOT_FOUND": lambda: client.subscribe(opcodes=["nothing"]),
            }
            for code, call in refused.items():
                with self.subTest(code), self.assertRaises(meshgate.RequestError) as caught:
                    call()
                self.assertEqual(caught.exception.code, code)

    def test_a_line_that_is_too_long_is_not_sent(self) -> None:
        with meshgate.Client(gateway.path) as client:
            with self.assertRaises(meshgate.LineTooLong):
                client.log("x" * 2_000_000)
            self.assertEqual(client.hello()["gateway"]["name"], "meshgate")

    def test_a_gateway_that_says_nothing_times_out(self) -> None:
        with FakeGateway() as fake, meshgate.Client(fake.path, timeout=0.2) as client:
            with self.assertRaises(meshgate.TimedOut):
                client.status()
            with self.assertRaises(meshgate.TimedOut):
                client.subscribe()

    def test_a_closed_client_raises_closed(self) -> None:
        client = meshgate.Client(gateway.path)
        events = client.subscribe()
        client.close()
        client.close()
        with self.assertRaises(meshgate.ClientClosed):
            client.status()
        for _ in events:
            pass

    def test_a_call_fails_when_its_connection_is_lost(self) -> None:
        with FakeGateway() as fake, meshgate.Client(fake.path) as client:

            def hang_up() -> None:
                until(lambda: fake.requests, "the request has arrived")
                fake.hang_up()

            threading.Thread(target=hang_up, daemon=True).start()
            with self.assertRaises(meshgate.ConnectionLost):
                client.status()

    def test_without_reconnecting_the_streams_raise_connection_lost(self) -> None:
        with FakeGateway([accepted()]) as fake:
            with meshgate.Client(fake.path, reconnect=False) as client:
                events = client.subscribe(timeout=PATIENCE)
                fake.hang_up()
                with self.assertRaises(meshgate.ConnectionLost):
                    next(events)

    def test_a_gateway_that_has_gone_is_not_running(self) -> None:
        with FakeGateway() as fake:
            client = meshgate.Client(fake.path, timeout=0.5)
        with client:
            until(lambda: not client.is_connected, "the loss is noticed")
            with self.assertRaises(meshgate.NotRunning):
                client.status()

    def test_the_socket_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "meshgate.sock")
            with open(path, "w", encoding="ascii"):
                pass
            self.assertEqual(meshgate.find_socket("/a"), "/a")
            self.assertEqual(meshgate.find_socket(None, {"MESHGATE_SOCKET": "/b"}), "/b")
            self.assertEqual(meshgate.find_socket(None, {"XDG_RUNTIME_DIR": folder}), path)


class CallsTest(unittest.TestCase):
    def test_the_common_methods(self) -> None:
        with meshgate.Client(gateway.path) as client:
            self.assertLessEqual(client.hello()["protocol"]["min"], 1)
            self.assertEqual(client.status()["pid"], gateway.process.pid)
            self.assertEqual([node["address"] for node in client.nodes()["nodes"]], NODES)
            self.assertEqual(client.node("Node-5")["address"], 5)
            self.assertEqual([value["node"] for value in client.latest("GPS")["values"]], NODES)
            [position] = client.latest("GPS", 6)["values"]
            self.assertIn("latitude", position["fields"])
            self.assertEqual(client.at("GPS", position["receivedAt"], 6)["values"][0]["bytes"], position["bytes"])
            page = client.range("GPS", 6, start=0, end=position["receivedAt"], limit=1)
            self.assertEqual(len(page["values"]), 1)
            self.assertIn("is active", client.explain(5)["facts"][0])
            for alarm in client.alarms()["alarms"]:
                self.assertEqual(client.acknowledge(alarm["id"]), {})
            self.assertIn("subscribe", [method["name"] for method in client.discover()["methods"]])
            for reply in (client.paths(), client.robots(), client.data_types(), client.opcodes(), client.counters()):
                self.assertIsInstance(reply, dict)

    def test_values_are_aggregated_in_buckets(self) -> None:
        with meshgate.Client(gateway.path) as client:
            day = 86_400.0
            [bucket] = client.aggregate("GPS", "Node-6", bucket=1000 * day, start=0)["buckets"]
            latitude = bucket["fields"]["latitude"]
            self.assertGreater(bucket["count"], 0)
            self.assertTrue(latitude["min"] <= latitude["mean"] <= latitude["max"])
            self.assertEqual(client.aggregate("GPS", 6, bucket=1, start=0, end=1000)["buckets"], [])
            with self.assertRaises(meshgate.RequestError) as caught:
                client.aggregate("GPS", 6, bucket=1, start=0)
            self.assertEqual(caught.exception.code, "BAD_PARAMS")

    def test_values_are_exported_page_by_page(self) -> None:
        with meshgate.Client(gateway.path) as client:
            [latest] = client.latest("GPS", 6)["values"]
            end = latest["receivedAt"]
            values = list(client.export(type="GPS", end=end, page=2))
            self.assertEqual(sorted({value["name"] for value in values}), [f"Node-{node}" for node in NODES])
            order = [(value["node"], value["receivedAt"]) for value in values]
            self.assertEqual(order, sorted(order))
            self.assertEqual(len(set(order)), len(order))
            of_six = list(client.export(type="GPS", node="Node-6", end=end))
            self.assertEqual(of_six, [value for value in values if value["node"] == 6])
            self.assertEqual(of_six[-1]["bytes"], latest["bytes"])
            self.assertEqual(list(client.export(start=0, end=1)), [])
            with self.assertRaises(meshgate.RequestError):
                next(iter(client.export(type="nothing")))

    def test_history_is_read_with_asyncio_too(self) -> None:
        async def main() -> None:
            async with meshgate.AsyncClient(gateway.path) as client:
                end = (await client.latest("GPS", 6))["values"][0]["receivedAt"]
                values = [value async for value in client.export(type="GPS", node=6, end=end, page=1)]
                [bucket] = (await client.aggregate("GPS", 6, bucket=1e9, start=0, end=end))["buckets"]
                self.assertEqual(bucket["count"], len(values))
                async for value in client.export(page=1):
                    self.assertEqual(value["node"], NODES[0])
                    break

        asyncio.run(main())

    def test_sending_and_its_delivery(self) -> None:
        with meshgate.Client(gateway.path) as client:
            sent = client.send(5, b"E\x01\x02", until="answered")
            self.assertEqual((sent["stage"], sent["answer"]), ("answered", "0102"))
            self.assertEqual(client.delivery(sent["id"])["message"], "450102")
            self.assertEqual(len(client.explain(delivery=sent["id"])["facts"]), len(sent["stages"]) + 1)
            other = client.send(5, "Ehello", until="answered", answer="Ack", answer_payload=b"hello")
            self.assertEqual(other["stage"], "answered")
            self.assertEqual(client.broadcast("Ehello")["stage"], "written")
            self.assertEqual(client.send(5, "T", until="queued")["stage"], "queued")

    def test_a_ping_returns_the_round_trip(self) -> None:
        with meshgate.Client(gateway.path) as client:
            pong = client.ping(7)
            self.assertTrue(pong["answered"])
            self.assertGreater(pong["roundTripMs"], 0)
            self.assertFalse(client.ping(0x7000, timeout=0.1)["answered"])

    def test_a_node_is_forgotten(self) -> None:
        with meshgate.Client(gateway.path) as client:
            last = client.nodes()["nodes"][-1]["address"]
            events = client.subscribe(kinds=["node"], nodes=[last])
            self.assertEqual(client.forget(last)["node"], last)
            changes = [event["change"] for event in itertools.islice(events, 2)]
            self.assertEqual(changes, ["forgotten", "added"], "it is heard again")
            with self.assertRaises(meshgate.RequestError):
                client.forget(0x7000)

    def test_robots_and_log_lines_are_published(self) -> None:
        robots = [{"id": 1, "name": "Robot 1", "state": "Active", "node": "Node-5"}]
        with meshgate.Client(gateway.path) as client:
            with client.subscribe(kinds=["robots", "traffic"], timeout=PATIENCE) as events:
                client.set_robots(robots)
                client.log("hello")
                self.assertEqual(next(events)["robots"], robots)
                self.assertEqual(next(events)["text"], "hello")

    def test_a_thousand_calls_at_once(self) -> None:
        async def main() -> List[int]:
            async with meshgate.AsyncClient(gateway.path) as client:
                calls = [client.node(NODES[i % len(NODES)]) for i in range(1000)]
                return [node["address"] for node in await asyncio.gather(*calls)]

        self.assertEqual(asyncio.run(main()), [NODES[i % len(NODES)] for i in range(1000)])

    def test_calls_from_many_threads(self) -> None:
        addresses: List[int] = []
        with meshgate.Client(gateway.path) as client:
            threads = [
                threading.Thread(target=lambda: addresses.extend(client.node(6)["address"] for _ in range(25)))
                for _ in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
        self.assertEqual(addresses, [6] * 200)


class SubscriptionTest(unittest.TestCase):
    def test_a_snapshot_comes_first_and_events_follow_it_in_order(self) -> None:
        with meshgate.Client(gateway.path) as client, client.subscribe(snapshot=True, timeout=PATIENCE) as events:
            first = next(events)
            self.assertEqual(first["kind"], "snapshot")
            self.assertEqual([node["address"] for node in first["snapshot"]["nodes"]], NODES)
            account = Account()
            account.next = first["snapshot"]["seq"] + 1
            for _ in range(30):
                account.take(next(events))
            self.assertEqual(account.gaps, [])

    def test_filters_and_calls_while_iterating(self) -> None:
        with meshgate.Client(gateway.path) as client:
            for value in client.subscribe(kinds=["value"], nodes=["Node-6"], types=["GPS"], timeout=PATIENCE):
                self.assertEqual((value["kind"], value["value"]["node"], value["value"]["type"]), ("value", 6, "GPS"))
                self.assertEqual(client.latest("GPS", 6)["values"][0]["bytes"], value["value"]["bytes"])
                break

    def test_held_events_are_replayed(self) -> None:
        with meshgate.Client(gateway.path) as client:
            seq = client.status()["seq"] - 20
            with client.subscribe(since=seq, timeout=PATIENCE) as events:
                self.assertEqual([next(events)["seq"] for _ in range(20)], list(range(seq + 1, seq + 21)))

    def test_stages_of_a_delivery_arrive_as_events(self) -> None:
        with meshgate.Client(gateway.path) as client:
            with client.subscribe(kinds=["delivery"], nodes=[8], timeout=PATIENCE) as events:
                sent = client.send(8, b"E1", until="answered")
                stages = [next(events)["delivery"]["stage"] for _ in sent["stages"]]
        self.assertEqual([stage["stage"] for stage in sent["stages"]], stages)
        self.assertEqual((stages[0], stages[-1]), ("queued", "answered"))

    def test_waiting_for_an_event_has_a_limit(self) -> None:
        with meshgate.Client(gateway.path) as client, client.subscribe(kinds=["alarm"]) as events:
            with self.assertRaises(meshgate.TimedOut):
                events.get(timeout=0.1)

    def test_leaving_or_dropping_a_subscription_ends_it_at_the_gateway(self) -> None:
        with FakeGateway([accepted()], [accepted(subscription="2")]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe():
                pass
            client.subscribe()
            gc.collect()
            until(lambda: [r["method"] for r in fake.requests].count("unsubscribe") == 2, "both are ended")
            ended = [r["params"]["subscription"] for r in fake.requests if r["method"] == "unsubscribe"]
            self.assertEqual(ended, ["1", "2"])

    def test_events_in_the_same_read_as_the_reply_are_not_lost(self) -> None:
        with FakeGateway([accepted(), event(101), event(102)]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(timeout=PATIENCE) as events:
                self.assertEqual([next(events)["seq"], next(events)["seq"]], [101, 102])

    def test_gaps_are_reported_once_and_resumed_after(self) -> None:
        snapshot = {"seq": 100}
        first = [accepted(snapshot=snapshot), event(101), notified("gap", **{"from": 102, "to": 109}), event(108)]
        second = [accepted(seq=300, gone={"from": 110, "to": 199}, snapshot=snapshot)]
        third = [accepted(seq=300, snapshot=snapshot), event(200)]
        with FakeGateway(first, second, third) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(snapshot=True, timeout=PATIENCE) as events:
                self.assertEqual([next(events)["kind"], next(events)["seq"]], ["snapshot", 101])
                gap = {"kind": "gap", "from": 102, "to": 109, "where": "connection"}
                self.assertEqual([next(events), next(events)["seq"]], [gap, 108])
                fake.hang_up()
                self.assertEqual(next(events), {"kind": "gap", "from": 110, "to": 199, "where": "gateway"})
                self.assertEqual(next(events)["kind"], "snapshot")
                fake.hang_up()
                self.assertEqual(next(events)["seq"], 200)
                self.assertEqual([request["params"].get("since") for request in fake.requests], [None, 109, 199])

    def test_restarted_numbering_is_followed(self) -> None:
        first = [accepted(seq=500)]
        second = [accepted(seq=51, gone={"from": 501, "to": None}), event(50)]
        with FakeGateway(first, second, [accepted()]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(timeout=PATIENCE) as events:
                fake.hang_up()
                self.assertEqual(next(events), {"kind": "gap", "from": 501, "to": None, "where": "gateway"})
                self.assertEqual(next(events)["seq"], 50)
                fake.hang_up()
                until(lambda: len(fake.requests) == 3, "it resumes")
                self.assertEqual(fake.requests[2]["params"]["since"], 50)

    def test_a_resumed_filter_by_name_waits_for_the_node(self) -> None:
        refused = {"id": "{id}", "error": {"code": 1, "message": "no", "data": {"code": "NODE_NOT_FOUND"}}}
        with FakeGateway([accepted()], [refused], [accepted(), event(101)]) as fake:
            with meshgate.Client(fake.path) as client:
                with client.subscribe(nodes=["Node-5"], timeout=PATIENCE) as events:
                    fake.hang_up()
                    self.assertEqual(next(events)["seq"], 101)

    def test_a_program_that_does_not_read_its_events_gets_a_gap(self) -> None:
        with FakeGateway([accepted()]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(timeout=PATIENCE) as events:
                limit = meshgate.MAX_WAITING
                fake.say(*[event(101 + i) for i in range(limit + 50)])
                until(lambda: events._stream.last_seq == 100 + limit + 50, "all have come")
                seqs = [next(events)["seq"] for _ in range(limit)]
                self.assertEqual(seqs, list(range(101, 101 + limit)))
                gap = {"kind": "gap", "from": 101 + limit, "to": 150 + limit, "where": "program"}
                self.assertEqual(next(events), gap)
                fake.say(event(151 + limit))
                self.assertEqual(next(events)["seq"], 151 + limit)

    def test_a_slow_reader_gets_a_gap(self) -> None:
        with FakeGateway([accepted(), event(101)]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(timeout=PATIENCE) as events:
                fake.say({"jsonrpc": "2.0", "method": "closing", "params": {"reason": "SLOW_READER", "text": ""}})
                self.assertEqual(next(events)["seq"], 101)
                with self.assertRaises(meshgate.SlowReader):
                    next(events)
            with self.assertRaises(meshgate.SlowReader):
                client.status()

    def test_lines_in_pieces_are_reassembled(self) -> None:
        with FakeGateway([accepted()]) as fake, meshgate.Client(fake.path) as client:
            with client.subscribe(timeout=PATIENCE) as events:
                for byte in lines([event(101)]):
                    fake._connections[-1].sendall(bytes([byte]))
                self.assertEqual(next(events)["seq"], 101)


class RestartTest(unittest.TestCase):
    """A gateway that is killed and started again under a subscriber."""

    def setUp(self) -> None:
        self.gateway = Gateway()
        self.addCleanup(self.gateway.stop)
        self.gateway.await_mesh()

    def check(self, account: Account) -> None:
        self.assertEqual([gap["where"] for gap in account.gaps], ["gateway"])
        self.assertGreater(account.events, 40)

    def test_every_event_is_accounted_for(self) -> None:
        account = Account()
        client = meshgate.Client(self.gateway.path, timeout=PATIENCE)
        with client, client.subscribe(timeout=PATIENCE) as events:
            for _ in range(20):
                account.take(next(events))
            self.gateway.kill()
            threading.Timer(0.3, self.gateway.start).start()
            while not account.gaps or account.events < 60:
                account.take(next(events))
            self.assertEqual(client.status()["pid"], self.gateway.process.pid)
        self.check(account)

    def test_every_event_is_accounted_for_with_asyncio(self) -> None:
        account = Account()

        async def main() -> None:
            async with meshgate.AsyncClient(self.gateway.path, timeout=PATIENCE) as client:
                async with client.subscribe(timeout=PATIENCE) as events:
                    for _ in range(20):
                        account.take(await events.get(PATIENCE))
                    await asyncio.get_running_loop().run_in_executor(None, self.gateway.kill)
                    while client.is_connected:
                        await asyncio.sleep(0.01)
                    pending = asyncio.ensure_future(client.status())
                    starting = asyncio.get_running_loop().run_in_executor(None, self.gateway.start)
                    self.assertTrue((await pending)["pid"])
                    await starting
                    async for item in events:
                        account.take(item)
                        if account.gaps and account.events >= 60:
                            break

        asyncio.run(main())
        self.check(account)


class AsyncTest(unittest.IsolatedAsyncioTestCase):
    async def test_the_common_methods(self) -> None:
        async with meshgate.AsyncClient(gateway.path) as client:
            self.assertEqual((await client.hello())["gateway"]["name"], "meshgate")
            self.assertEqual((await client.status())["nodes"]["total"], len(NODES))
            self.assertEqual(len((await client.nodes())["nodes"]), len(NODES))
            self.assertEqual(len((await client.latest("GPS"))["values"]), len(NODES))
            self.assertEqual((await client.send(5, b"E1"))["stage"], "written")
            self.assertTrue((await client.ping(6))["answered"])
            self.assertIn("Node-5", (await client.explain(5))["facts"][0])
            with self.assertRaises(meshgate.RequestError) as caught:
                await client.node("nobody")
            self.assertEqual(caught.exception.code, "NODE_NOT_FOUND")

    async def test_events_while_calls_are_made(self) -> None:
        async with meshgate.AsyncClient(gateway.path) as client:
            taken = []
            async with client.subscribe(snapshot=True, kinds=["value"], types=["GPS"], timeout=PATIENCE) as events:
                async for item in events:
                    taken.append(item)
                    await client.status()
                    if len(taken) == 5:
                        break
        self.assertEqual(taken[0]["kind"], "snapshot")
        seqs = [item["seq"] for item in taken[1:]]
        self.assertEqual(seqs, sorted(set(seqs)))

    async def test_a_refused_subscription_raises(self) -> None:
        async with meshgate.AsyncClient(gateway.path) as client:
            with self.assertRaises(meshgate.RequestError):
                async for _ in client.subscribe(types=["nothing"]):
                    pass
            with self.assertRaises(meshgate.RequestError):
                async with client.subscribe(types=["nothing"]):
                    pass

    async def test_waiting_for_an_event_has_a_limit(self) -> None:
        async with meshgate.AsyncClient(gateway.path) as client:
            with self.assertRaises(meshgate.TimedOut):
                async for _ in client.subscribe(kinds=["alarm"], timeout=0.1):
                    pass

    async def test_closing_ends_the_streams(self) -> None:
        client = await meshgate.AsyncClient(gateway.path).connect()
        events = client.subscribe(kinds=["alarm"])
        asyncio.get_running_loop().call_later(0.1, lambda: asyncio.ensure_future(client.close()))
        self.assertEqual([item async for item in events], [])
        with self.assertRaises(meshgate.ClientClosed):
            await client.status()


class ClassicTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = meshgate.ClassicClient(gateway.path)

    def test_commands_and_refusals(self) -> None:
        self.assertEqual(self.client.command("ACT-C"), bytes([len(NODES)]))
        self.assertEqual(json.loads(self.client.command("NSTAT"))["node_addr_list"], NODES)
        self.assertEqual(self.client.command("W-LOG", b"hello"), b"")
        for command, words in {"NOSUC": "Unknown Command", "STATE": "Command Of Edge Modules"}.items():
            with self.subTest(command), self.assertRaises(meshgate.RequestError) as caught:
                self.client.command(command)
            self.assertEqual((caught.exception.code, str(caught.exception)), ("REFUSED", words))

    def test_values_by_name_and_id(self) -> None:
        positions = self.client.get("GPS")
        self.assertEqual(list(positions), NODES)
        self.assertEqual({len(value) for value in positions.values()}, {6})
        self.assertEqual(list(self.client.get(1, 6)), [6])
        with self.assertRaisesRegex(meshgate.RequestError, "Node Not Found"):
            self.client.get("GPS", 99)
        with self.assertRaisesRegex(meshgate.RequestError, "Data Type Not Found"):
            self.client.get("Nothing")

    def test_messages_reach_their_handlers(self) -> None:
        taken: List[meshgate.ClassicMessage] = []

        def on_ack(message: meshgate.ClassicMessage) -> None:
            if message.payload == b"abc":
                taken.append(message)
                self.client.close()

        def ask() -> None:
            """An answer that arrives together with another message is not recognized as one: ask again then."""
            deadline = time.monotonic() + PATIENCE
            while not taken and time.monotonic() < deadline:
                self.client.send(9, b"Eabc")
                time.sleep(1)

        self.client.on("A", on_ack)
        self.client.listen(PATIENCE, on_ready=threading.Thread(target=ask, daemon=True).start)
        self.assertEqual(taken[:1], [meshgate.ClassicMessage(9, ord("A"), b"abc")])

    def test_listening_stops_when_asked(self) -> None:
        begun = time.monotonic()
        self.client.listen(0.3)
        self.assertLess(time.monotonic() - begun, PATIENCE)

    def test_the_program_is_notified_when_the_gateway_ends_listening(self) -> None:
        with classic_server(b"[ack]\0\x00\x05R\x00") as path:
            taken: List[meshgate.ClassicMessage] = []
            with self.assertRaises(meshgate.ConnectionLost):
                meshgate.ClassicClient(path).on(0x52, taken.append).listen(PATIENCE)
            self.assertEqual(taken, [meshgate.ClassicMessage(5, 0x52, b"\0")])

    def test_a_refused_listener_raises(self) -> None:
        with classic_server(b"F\x10Too Many Clients") as path:
            with self.assertRaisesRegex(meshgate.RequestError, "^Too Many Clients$"):
                meshgate.ClassicClient(path).listen(PATIENCE)

    def test_an_unreadable_reply_raises(self) -> None:
        with classic_server(b"SGPS\x06\x02\x00\x05") as path:
            with self.assertRaises(meshgate.BadReply):
                meshgate.ClassicClient(path).get("GPS")

    def test_a_missing_reply_times_out(self) -> None:
        with silent_server() as path, self.assertRaises(meshgate.TimedOut):
            meshgate.ClassicClient(path, timeout=0.2).command("ACT-C")


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """No program accepts; only the kernel does."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = os.path.join(folder, "s")
        listener.bind(path)
        listener.listen()
        yield path


@contextlib.contextmanager
def classic_server(reply: bytes) -> Iterator[str]:
    """Takes one request, sends the reply byte by byte until its handshake is over, and closes."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder, socket.socket(socket.AF_UNIX) as listener:
        path = os.path.join(folder, "s")
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(64)
                for at in range(6):
                    connection.sendall(reply[at : at + 1])
                connection.sendall(reply[6:])

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        thread.join(PATIENCE)


class FileTest(unittest.TestCase):
    def test_every_error_has_a_code_of_its_own(self) -> None:
        errors = [
            error
            for error in vars(meshgate).values()
            if isinstance(error, type) and issubclass(error, meshgate.MeshgateError)
        ]
        self.assertEqual(len({error.code for error in errors}), len(errors) - 1)  # a RequestError has the gateway's
        for error in errors:
            self.assertRegex(error.code, re.compile("^[A-Z_]+$"))


if __name__ == "__main__":
    unittest.main()
