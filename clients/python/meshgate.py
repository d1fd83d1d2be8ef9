"""Client library for a meshgate gateway, for programs on the same machine.

One file, Python 3.9 or newer, no dependencies: copy it next to your program, or add its folder to ``sys.path``. ::

    import meshgate

    with meshgate.Client() as client:
        print(client.status()["link"]["state"])
        client.send(5, "Thello", tracked=True)
        with client.subscribe(kinds=["value"], types=["GPS"]) as events:
            for event in events:
                print(event)

``AsyncClient`` is the same for asyncio: ``await`` its methods and iterate its subscriptions with ``async for``.
``ClassicClient`` speaks the older dialect of the same socket.

Parameters and results are described by the gateway itself, see ``client.discover()``: JSON objects as dicts, times in
ms since the epoch by the host's clock, bytes as hex. Timeouts of this library are in seconds. All exceptions are
subclasses of ``MeshgateError`` with a stable ``code``.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import concurrent.futures
import contextlib
import json
import os
import queue
import socket as sockets
import threading
import time as clocks
import weakref
from typing import (
    Any,
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Coroutine,
    Deque,
    Dict,
    Generic,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    TypeVar,
    Union,
)

__all__ = [
    "AsyncClient",
    "AsyncSubscription",
    "BadReply",
    "ClassicClient",
    "ClassicMessage",
    "Client",
    "ClientClosed",
    "ConnectionLost",
    "Event",
    "LineTooLong",
    "MeshgateError",
    "NoPermission",
    "NotRunning",
    "RequestError",
    "SlowReader",
    "Subscription",
    "TimedOut",
    "find_socket",
]

JsonObject = Dict[str, Any]
#: An event of a subscription; ``event["kind"]`` is its kind. See ``AsyncClient.subscribe``.
Event = Dict[str, Any]
#: A node or device: the address as 5 or "0x0005", the name of a node, or the id of a device.
Node = Union[int, str]
#: An argument of a command to a device.
Argument = Union[int, float, str, bool]
#: A data type, or a message's opcode: its number or its name.
NameOrId = Union[int, str]

Value = TypeVar("Value")
Reply = TypeVar("Reply", covariant=True)
OnReply = Callable[[Optional[JsonObject], Optional["MeshgateError"]], None]

#: A gateway on the same machine accepts at once.
CONNECT_TIMEOUT = 5.0
#: Default time that a call waits for its reply, and for a lost connection to be restored.
CALL_TIMEOUT = 10.0
#: A restarting gateway is back within about a second; one that is down need not be tried more often.
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
#: Retry interval of a resumed filter by name: a gateway that has just started does not know its nodes yet.
RETRY_FILTER = 1.0
#: Events queued for the program; beyond that they are reported as a gap.
MAX_WAITING = 10_000
#: Values in a page of an export: larger pages would delay other clients of the gateway.
EXPORT_PAGE = 2000
#: Bytes of the longest request that a gateway accepts.
MAX_REQUEST = 1_048_576
#: Larger than any reply: a mesh has at most 32,763 nodes, of about 1 kB each.
MAX_REPLY = 67_108_864
READ_SIZE = 65_536
#: Without a stage of a command for this long, the gateway is asked: the last one may have been lost.
ASK_AFTER = 5.0
#: Extra time that a synchronous client allows its thread beyond the timeout of a call.
THREAD_GRACE = 5.0


# --- errors ----------------------------------------------------------------------------------------------------------


class MeshgateError(Exception):
    """Base class of this library's errors. ``code``: stable, for programs; the text says what to do."""

    code = "ERROR"
    text = "can't use the gateway"

    def __init__(self, detail: Optional[str] = None) -> None:
        super().__init__(self.text if detail is None else f"{detail}: {self.text}")


class NotRunning(MeshgateError):
    """Nothing is listening on the socket."""

    code = "NOT_RUNNING"
    text = "no gateway is listening; start one with: meshgate start"


class NoPermission(MeshgateError):
    """The permissions of the socket exclude this user."""

    code = "NO_PERMISSION"
    text = "permission denied; join the group of the gateway's socket, or ask its administrator"


class ConnectionLost(MeshgateError):
    """The connection ended during a call."""

    code = "CONNECTION_LOST"
    text = "connection lost before the reply; the request may or may not have been carried out"


class TimedOut(MeshgateError):
    """A reply or event did not arrive in time."""

    code = "TIMED_OUT"
    text = "timed out"


class SlowReader(MeshgateError):
    """The gateway closed the connection because this client read too slowly."""

    code = "SLOW_READER"
    text = "the gateway closed the connection because this client read too slowly"


class LineTooLong(MeshgateError):
    """A request is longer than 1 MiB."""

    code = "LINE_TOO_LONG"
    text = "request longer than 1 MiB"


class ClientClosed(MeshgateError):
    """The client, or the subscription, is not open."""

    code = "CLOSED"
    text = "closed, or never opened"


class BadReply(MeshgateError):
    """A reply of the classic dialect is invalid."""

    code = "BAD_REPLY"
    text = "invalid reply"


class RequestError(MeshgateError):
    """The gateway refused a request. ``code``: a session error code such as ``NODE_NOT_FOUND``; in the classic dialect
    always ``REFUSED``, with the gateway's message as text."""

    def __init__(self, code: str, message: str) -> None:
        Exception.__init__(self, message)
        self.code = code


#: Closing reasons after which the client does not reconnect.
_FATAL_CLOSINGS = {SlowReader.code: SlowReader, LineTooLong.code: LineTooLong}


def find_socket(socket: Optional[str] = None, environment: Mapping[str, str] = os.environ) -> str:
    """The path of the gateway's socket: ``socket`` if given, else ``$MESHGATE_SOCKET``, else the first that exists
    of ``$XDG_RUNTIME_DIR/meshgate.sock``, ``/run/meshgate/meshgate.sock`` and ``/tmp/meshgate-$UID/meshgate.sock``."""
    named = socket or environment.get("MESHGATE_SOCKET")
    if named:
        return named
    directories = [environment.get("XDG_RUNTIME_DIR"), "/run/meshgate", f"/tmp/meshgate-{os.getuid()}"]
    candidates = [os.path.join(directory, "meshgate.sock") for directory in directories if directory]
    return next((path for path in candidates if _is_trusted(path)), candidates[0])


def _is_trusted(path: str) -> bool:
    """Anyone can create a directory in /tmp: a socket in another user's directory can't be trusted."""
    directory = os.path.dirname(path)
    is_private = directory == f"/tmp/meshgate-{os.getuid()}"
    return os.path.exists(path) and (not is_private or os.lstat(directory).st_uid == os.getuid())


# --- the session's methods -------------------------------------------------------------------------------------------


class _Methods(Generic[Reply]):
    """The session's methods; ``Reply`` is a dict in ``Client``, and an awaitable in ``AsyncClient``."""

    def call(self, method: str, /, *, timeout: Optional[float] = None, **params: Any) -> Reply:
        """Calls any method of the session, with the parameter names of the session (``timeoutMs``); ``None`` values are
        omitted. ``timeout``: seconds; default: the client's, plus the time that the method itself may wait.

        Raises ``RequestError`` if the gateway refuses; ``NotRunning`` if a lost connection is not restored in time;
        ``ConnectionLost`` if the connection is lost before the reply; ``TimedOut``; ``ClientClosed``.
        """
        raise NotImplementedError

    def hello(self) -> Reply:
        """Supported versions of the session protocol (``protocol``), and the state of the link (``link``)."""
        return self.call("hello")

    def discover(self) -> Reply:
        """The OpenRPC document: every method with its parameters and result, and every error."""
        return self.call("rpc.discover")

    def status(self) -> Reply:
        """The gateway, its link, the root, and the number of nodes by status."""
        return self.call("status")

    def nodes(self, status: Optional[str] = None) -> Reply:
        """``{"nodes": [...]}`` by address, with their latest values. ``status``: only those that are
        ``unheard``, ``active``, ``idle``, ``disconnected`` or ``unknown``."""
        return self.call("nodes", status=status)

    def devices(self) -> Reply:
        """``{"devices": [...]}`` of sources other than the mesh, with their latest values. Their ``id`` can be used
        wherever a node can, except for sending."""
        return self.call("devices")

    def device(self, device: Node) -> Reply:
        """One device with its latest values, its ``images``, and its ``commands`` with their arguments."""
        return self.call("device", device=device)

    def command(
        self,
        device: Node,
        name: str,
        arguments: Optional[Mapping[str, Argument]] = None,
        *,
        until: str = "accepted",
        timeout: float = 10.0,
    ) -> Reply:
        """Gives a device a command; returns the delivery. ``arguments``: by name, as ``device`` lists them.

        ``until``: return when the command is ``queued``, ``accepted`` or ``completed``, or after ``timeout`` seconds:
        check its ``stage``. Raises ``RequestError`` if the command is refused or has failed. See ``follow_command``.
        """
        waits: JsonObject = {"until": until, "timeoutMs": _ms(timeout)}
        return self.call("command", device=device, name=name, arguments=dict(arguments or {}), **waits)

    def abort(self, delivery: str) -> Reply:
        """Aborts a command that is being carried out; the stage ``aborted`` follows. ``delivery``: its id."""
        return self.call("abort", delivery=delivery)

    def node(self, node: Node) -> Reply:
        """One node or device with the latest value of each of its data types."""
        return self.call("node", node=node)

    def paths(self) -> Reply:
        """``{"paths": [{"origin", "target"}, ...]}`` as last reported by the root."""
        return self.call("paths")

    def robots(self) -> Reply:
        """``{"robots": [...]}`` as last published."""
        return self.call("robots")

    def data_types(self) -> Reply:
        """``{"types": [...]}``: the data types in data-types.json, and those of devices."""
        return self.call("dataTypes")

    def opcodes(self) -> Reply:
        """``{"messages": [...], "commands": [...]}`` in opcodes.json."""
        return self.call("opcodes")

    def alarms(self) -> Reply:
        """``{"alarms": [...]}``: open alarms (active, or not acknowledged), oldest first."""
        return self.call("alarms")

    def counters(self) -> Reply:
        """All counters of the gateway."""
        return self.call("counters")

    def delivery(self, id: str) -> Reply:
        """State of a sent message; the last 1,000 are kept."""
        return self.call("delivery", id=id)

    def latest(self, type: NameOrId, node: Optional[Node] = None) -> Reply:
        """``{"values": [...]}``: the latest value of a data type, from one node or from all nodes that have one."""
        return self.call("latest", type=type, node=node)

    def at(self, type: NameOrId, time: float, node: Optional[Node] = None) -> Reply:
        """``{"values": [...]}``: the values that were current at ``time``, ms since the epoch."""
        return self.call("at", type=type, time=time, node=node)

    def range(
        self,
        type: NameOrId,
        node: Node,
        *,
        start: Optional[float] = None,
        end: Optional[float] = None,
        limit: Optional[int] = None,
        after: Optional[str] = None,
    ) -> Reply:
        """``{"values": [...], "next": ...}``: a node's values from ``start`` to ``end`` (ms since the epoch, both
        included), oldest first; at most ``limit``. Pass ``next`` as ``after`` to get the next page."""
        times: JsonObject = {"from": start, "to": end}
        return self.call("range", type=type, node=node, limit=limit, after=after, **times)

    def aggregate(
        self,
        type: NameOrId,
        node: Node,
        *,
        bucket: float,
        start: float,
        end: Optional[float] = None,
    ) -> Reply:
        """``{"buckets": [...]}``: a node's values from ``start`` to ``end`` (ms since the epoch, both included) in buckets
        of ``bucket`` seconds, oldest first: ``at``, ``count``, and ``fields`` with ``min``, ``max``, ``mean`` and ``last``."""
        times: JsonObject = {"from": start, "to": end, "bucketMs": _ms(bucket)}
        return self.call("aggregate", type=type, node=node, **times)

    def send(
        self,
        node: Node,
        message: Union[str, bytes],
        *,
        tracked: bool = False,
        until: str = "written",
        timeout: float = 5.0,
        answer: Optional[NameOrId] = None,
        answer_payload: Optional[bytes] = None,
    ) -> Reply:
        """Sends a message (opcode, then payload) to a node, or to the root (node 0); returns the delivery.

        ``tracked``: the root retransmits it, up to 3 times. ``until``: return when the delivery is ``queued``,
        ``written`` or ``answered``, has failed, or after ``timeout`` seconds: check its ``stage``. ``answer``: opcode of
        the message that counts as the answer (default: an Ack); ``answer_payload``: only with this payload.
        """
        expected: Optional[JsonObject] = None
        if answer is not None:
            expected = {"opcode": answer}
            if answer_payload is not None:
                expected["hex"] = answer_payload.hex()
        waits: JsonObject = {"until": until, "timeoutMs": _ms(timeout)}
        return self.call("send", node=node, tracked=tracked, answer=expected, **_body(message), **waits)

    def broadcast(
        self, message: Union[str, bytes], *, until: str = "written", timeout: float = 5.0
    ) -> Reply:
        """Sends a message to all nodes; returns the delivery. ``until``: ``queued`` or ``written``."""
        return self.call("broadcast", until=until, timeoutMs=_ms(timeout), **_body(message))

    def ping(self, node: Node, *, timeout: float = 5.0) -> Reply:
        """
        Sends an Echo and waits for the Ack: ``{"node", "answered", "roundTripMs", "delivery"}``, and ``"detail"`` if the
        root could not send it.
        """
        return self.call("ping", node=node, timeoutMs=_ms(timeout))

    def refresh(self, what: str = "nodes") -> Reply:
        """Asks the root for its list of ``nodes`` or ``paths``: ``{"fresh": true}`` if it answered."""
        return self.call("refresh", what=what)

    def reset_root(self) -> Reply:
        """Restarts the root; all nodes are disconnected until they are heard again."""
        return self.call("resetRoot")

    def clean(self, *, confirm: bool) -> Reply:
        """Makes the root forget its network and restart; all nodes are forgotten. ``confirm`` must be true."""
        return self.call("clean", confirm=confirm)

    def log(self, text: str) -> Reply:
        """Sends a log line to all watchers."""
        return self.call("log", text=text)

    def set_robots(self, robots: Iterable[JsonObject]) -> Reply:
        """Publishes the list of robots: ``id``, ``name``, ``state`` and ``node`` of each."""
        return self.call("setRobots", robots=list(robots))

    def acknowledge(self, id: str) -> Reply:
        """Acknowledges an alarm: it is closed when its condition has cleared."""
        return self.call("acknowledge", id=id)

    def forget(self, node: Node) -> Reply:
        """Removes a node with its values and alarms; it comes back when it is heard or listed by the root."""
        return self.call("forget", node=node)

    def explain(self, node: Optional[Node] = None, *, delivery: Optional[str] = None) -> Reply:
        """``{"facts": [...]}`` that explain the status of a node or a delivery, in order."""
        return self.call("explain", node=node, delivery=delivery)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _body(message: Union[str, bytes]) -> JsonObject:
    return {"text": message} if isinstance(message, str) else {"hex": bytes(message).hex()}


_ENDS = {"completed", "failed", "aborted"}
#: The session's error code for each reason why a command fails.
_FAILURE_CODES = {
    "noLink": "LINK_DOWN",
    "linkLost": "LINK_DOWN",
    "queueFull": "BUSY",
    "notAccepted": "TIMED_OUT",
    "deviceBusy": "BUSY",
    "timedOut": "TIMED_OUT",
    "rejectedByDevice": "REJECTED_BY_DEVICE",
    "deviceFault": "REJECTED_BY_DEVICE",
}


def _with_bytes(image: JsonObject) -> JsonObject:
    return {**image, "data": base64.b64decode(image["data"])}


def _raise_if_failed(delivery: JsonObject) -> None:
    """The same error as that of a call that waits for the end."""
    failure = delivery["failure"]
    if failure is not None:
        code = _FAILURE_CODES.get(failure, "UNKNOWN")
        raise RequestError(code, f"delivery {delivery['id']}: {delivery.get('detail', failure)}")


# --- events ----------------------------------------------------------------------------------------------------------


class _EventQueue:
    """Bounded queue of events between the connection and the program; an overflow is reported as a growing gap."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._items: Deque[Event] = collections.deque()

    def __len__(self) -> int:
        return len(self._items)

    def push(self, event: Event) -> None:
        with self._lock:
            if len(self._items) < self._limit:
                self._items.append(event)
                return
            first, last = _numbers_of(event)
            gap = self._items[-1]
            if gap["kind"] != "gap" or gap["where"] != "program":
                self._items.append(_gap(first, last, "program"))
            elif last is None or gap["to"] is None:
                gap["to"] = None
            else:
                gap["to"] = max(gap["to"], last)

    def pop(self) -> Optional[Event]:
        with self._lock:
            return self._items.popleft() if self._items else None


def _gap(first: int, last: Optional[int], where: str) -> Event:
    return {"kind": "gap", "from": first, "to": last, "where": where}


def _numbers_of(event: Event) -> Tuple[int, Optional[int]]:
    if event["kind"] == "gap":
        return event["from"], event["to"]
    seq: int = event["snapshot"]["seq"] if event["kind"] == "snapshot" else event["seq"]
    return seq, seq


class _Stream:
    """One subscription across connections. Everything but ``take`` and the queue belongs to the event loop."""

    def __init__(self, params: JsonObject, since: Optional[int], on_end: Callable[[_Stream], None]) -> None:
        self.params = params
        #: The gateway's id for it on this connection.
        self.subscription: Optional[str] = None
        #: Number of the last event received or reported as lost: where it resumes.
        self.last_seq = since
        self.is_accepted = False
        self.is_ended = False
        self._failure: Optional[MeshgateError] = None
        self._on_end = on_end
        self._queue = _EventQueue(MAX_WAITING)
        self._changed = asyncio.Event()

    def on_started(self, since: Optional[int], reply: JsonObject) -> None:
        """Runs while the reply is read: the events that follow immediately must find their stream."""
        self.subscription = reply["subscription"]
        gone, snapshot = reply["gone"], reply["snapshot"]
        if since is None:
            self.last_seq = reply["seq"]
        if gone is not None:
            # A restarted numbering begins below the last number that was seen.
            self.last_seq = 0 if gone["to"] is None else gone["to"]
            self._push(_gap(gone["from"], gone["to"], "gateway"))
        if snapshot is not None and (gone is not None or not self.is_accepted):
            self._push({"kind": "snapshot", "snapshot": snapshot})
        self.is_accepted = True
        self._changed.set()

    def on_event(self, event: Event) -> None:
        self._advance(event["seq"])
        self._push(event)

    def on_gap(self, first: int, last: int) -> None:
        self._advance(last)
        self._push(_gap(first, last, "connection"))

    def end(self, failure: Optional[MeshgateError] = None) -> None:
        """Ends it, once; queued events can still be read, then ``failure`` is raised if given."""
        if self.is_ended:
            return
        self._failure = failure
        self.is_ended = True
        self._changed.set()
        self._on_end(self)

    def take(self) -> Optional[Event]:
        """The next event, or None if there is none yet. Raises the failure, or ``ClientClosed`` at the end."""
        is_ended = self.is_ended
        event = self._queue.pop()
        if event is None and is_ended:
            raise ClientClosed("the subscription") if self._failure is None else self._failure.with_traceback(None)
        return event

    async def wait(self) -> None:
        """Returns when there may be an event to take."""
        while len(self._queue) == 0 and not self.is_ended:
            self._changed.clear()
            await self._changed.wait()

    async def wait_until_accepted(self) -> None:
        while not self.is_accepted and not self.is_ended:
            self._changed.clear()
            await self._changed.wait()
        if not self.is_accepted:
            self.take()

    def _advance(self, seq: int) -> None:
        # Values that were delayed by the minimum interval, or until the client caught up, have lower numbers.
        self.last_seq = max(seq, self.last_seq or 0)

    def _push(self, event: Event) -> None:
        self._queue.push(event)
        self._changed.set()


# --- one connection --------------------------------------------------------------------------------------------------


class _Connection:
    """One connection: matches replies to requests by id, and passes on notifications in order.

    ``on_closed`` is called once, when either side has closed it; it returns the error for unanswered requests.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_notification: Callable[[str, JsonObject], None],
        on_closed: Callable[[_Connection], MeshgateError],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._on_notification = on_notification
        self._on_closed = on_closed
        self._pending: Dict[int, OnReply] = {}
        self._last_id = 0
        self._is_closed = False
        #: Before Python 3.10, only one coroutine may wait in drain() at a time.
        self._draining = asyncio.Lock()
        #: The gateway has answered a request: it does not just accept and refuse connections.
        self.has_served = False
        self.reading = asyncio.ensure_future(self._read())

    @staticmethod
    async def open(
        path: str,
        on_notification: Callable[[str, JsonObject], None],
        on_closed: Callable[[_Connection], MeshgateError],
    ) -> _Connection:
        """Raises ``NotRunning`` or ``NoPermission``."""
        try:
            opening = asyncio.open_unix_connection(path, limit=READ_SIZE)
            reader, writer = await asyncio.wait_for(opening, CONNECT_TIMEOUT)
        except PermissionError:
            raise NoPermission(path) from None
        except (OSError, asyncio.TimeoutError):
            raise NotRunning(path) from None
        return _Connection(reader, writer, on_notification, on_closed)

    def post(self, method: str, params: JsonObject, on_reply: OnReply) -> int:
        """Sends a request and returns its id; ``on_reply`` is called once, with the result or an error, before anything
        after the reply is processed."""
        request = {"jsonrpc": "2.0", "id": self._last_id + 1, "method": method, "params": params}
        line = json.dumps(request, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        if len(line) > MAX_REQUEST:
            raise LineTooLong(method)
        self._last_id += 1
        if self._is_closed:
            on_reply(None, ConnectionLost(method))
        else:
            self._pending[self._last_id] = on_reply
            self._writer.write(line)
        return self._last_id

    async def request(self, method: str, params: JsonObject, timeout: float) -> JsonObject:
        reply: asyncio.Future[JsonObject] = asyncio.get_running_loop().create_future()

        def settle(result: Optional[JsonObject], error: Optional[MeshgateError]) -> None:
            if reply.done():
                return
            if error is not None:
                reply.set_exception(error)
            else:
                reply.set_result(result or {})

        request_id = self.post(method, params, settle)
        try:
            return await asyncio.wait_for(self._flush_and_wait(reply), timeout)
        except asyncio.TimeoutError:
            raise TimedOut(method) from None
        finally:
            self._pending.pop(request_id, None)

    def abort(self) -> None:
        """Ends the connection; ``on_closed`` is called a moment later."""
        self._writer.transport.abort()

    async def _flush_and_wait(self, reply: asyncio.Future[JsonObject]) -> JsonObject:
        async with self._draining:
            with contextlib.suppress(OSError):
                await self._writer.drain()
        return await reply

    async def _read(self) -> None:
        parts: List[bytes] = []
        length = 0
        try:
            while length <= MAX_REPLY:
                chunk = await self._reader.read(READ_SIZE)
                if not chunk:
                    break
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    self._take_line(b"".join((*parts, end)))
                    parts, length = [], 0
                parts.append(rest)
                length += len(rest)
        except OSError:
            pass
        finally:
            self._close()

    def _take_line(self, line: bytes) -> None:
        """Ignores lines that are not JSON: they are not from a gateway."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if "method" in message:
            self._on_notification(message["method"], message.get("params", {}))
            return
        on_reply = self._pending.pop(message.get("id", 0), None)
        if on_reply is None:
            return
        self.has_served = True
        error = message.get("error")
        if error is None:
            on_reply(message.get("result", {}), None)
        else:
            code = error.get("data", {}).get("code", "UNKNOWN")
            on_reply(None, RequestError(code, error.get("message", "")))

    def _close(self) -> None:
        self._is_closed = True
        self._writer.transport.abort()
        pending, self._pending = self._pending, {}
        error = self._on_closed(self)
        for on_reply in pending.values():
            on_reply(None, error)


# --- asyncio ---------------------------------------------------------------------------------------------------------


class AsyncClient(_Methods[Coroutine[Any, Any, JsonObject]]):
    """A client of the gateway's session for asyncio. ::

        async with meshgate.AsyncClient() as client:
            print(await client.status())
            async for event in client.subscribe(kinds=["message"]):
                print(event)

    Calls may run concurrently, as with ``asyncio.gather``. When the connection is lost, the client reconnects
    automatically and resumes its subscriptions after their last event. Use it from one event loop only.
    """

    def __init__(
        self, socket: Optional[str] = None, *, timeout: float = CALL_TIMEOUT, reconnect: bool = True
    ) -> None:
        """``socket``: see ``find_socket``. ``timeout``: seconds that a call may take. ``reconnect``: if false, a lost
        connection closes the client, and its subscriptions raise ``ConnectionLost``."""
        self.path = find_socket(socket)
        self.timeout = timeout
        self._reconnects = reconnect
        self._closed_by: Optional[MeshgateError] = ClientClosed("the client")
        self._connection: Optional[_Connection] = None
        self._reconnecting: Optional[asyncio.Task[None]] = None
        self._pause = FIRST_PAUSE
        self._last_failure: Optional[MeshgateError] = None
        self._streams: Set[_Stream] = set()
        self._subscribed: Dict[str, _Stream] = {}

    async def connect(self) -> AsyncClient:
        """Connects, as ``async with`` does. Raises ``NotRunning`` or ``NoPermission``."""
        if self._closed_by is None:
            return self
        connection = await self._open_connection()
        self._loop = asyncio.get_running_loop()
        self._settled = asyncio.Event()
        self._closed_by = None
        self._adopt(connection)
        return self

    async def close(self) -> None:
        """Closes the client: pending calls raise, subscriptions end."""
        connection = self._connection
        self._shut(ClientClosed("the client"))
        if connection is not None:
            await asyncio.wait([connection.reading], timeout=1)

    async def __aenter__(self) -> AsyncClient:
        return await self.connect()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def is_connected(self) -> bool:
        """False while reconnecting, and when closed."""
        return self._connection is not None

    async def call(self, method: str, /, *, timeout: Optional[float] = None, **params: Any) -> JsonObject:
        seconds = self._seconds_for(params) if timeout is None else timeout
        given = {name: value for name, value in params.items() if value is not None}
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        connection = await self._await_connection(seconds)
        return await connection.request(method, given, deadline - loop.time())

    call.__doc__ = _Methods.call.__doc__

    async def export(
        self,
        *,
        type: Optional[NameOrId] = None,
        node: Optional[Node] = None,
        start: Optional[float] = None,
        end: Optional[float] = None,
        page: int = EXPORT_PAGE,
    ) -> AsyncIterator[JsonObject]:
        """All values from ``start`` to ``end`` (ms since the epoch, both included), optionally of one data type or node,
        sorted by node, type id and time, each with the ``name`` of its node. Fetches ``page`` values at a time."""
        params = _export_params(type, node, start, end, page)
        after: Optional[str] = None
        while True:
            reply = await self.call("export", after=after, **params)
            for value in reply["values"]:
                yield value
            after = reply["next"]
            if after is None:
                return

    def subscribe(
        self,
        *,
        kinds: Optional[Iterable[str]] = None,
        nodes: Optional[Iterable[Node]] = None,
        opcodes: Optional[Iterable[NameOrId]] = None,
        types: Optional[Iterable[NameOrId]] = None,
        snapshot: bool = False,
        since: Optional[int] = None,
        min_interval: float = 0,
        timeout: Optional[float] = None,
    ) -> AsyncSubscription:
        """Events as they arrive, across lost connections. Filters that are not given match everything.

        ``kinds``: message, value, node, paths, link, delivery, alarm, console, traffic, robots. ``nodes``: filters events
        about a node. ``opcodes``: filters messages. ``types``: filters values. ``snapshot``: start with the current state,
        and repeat it after a gap of the gateway. ``since``: resume after this number. ``min_interval``: minimum seconds
        between values of one node and type. ``timeout``: raise ``TimedOut`` after this many seconds without an event.

        Each event is a dict with ``kind``, ``seq`` and ``at``. Numbers increase, except those of delayed values. Two
        kinds are not events of the mesh:

        - ``{"kind": "snapshot", "snapshot": {...}}``: includes everything up to its own ``seq``;
        - ``{"kind": "gap", "from", "to", "where"}``: these events are lost, both ends included; ``to`` is None if the
          numbering has restarted. ``where``: ``gateway`` no longer has them, ``connection`` was too slow
          (then the latest values of the range follow), or ``program`` left more than 10,000 unread.

        Iterating or entering it by ``async with`` raises ``RequestError`` if the gateway refuses the filters, and
        ``SlowReader`` if the gateway closed the connection. End it with ``close`` or ``async with``.
        """
        params = _subscribe_params(kinds, nodes, opcodes, types, snapshot, min_interval)
        return AsyncSubscription(self, self._begin(params, since), timeout)

    async def image(self, device: Node, type: NameOrId) -> JsonObject:
        """The newest image of a device: ``type``, ``mediaType``, ``receivedAt``, and its bytes as ``data``."""
        return _with_bytes(await self.call("image", device=device, type=type))

    async def follow_command(
        self,
        device: Node,
        name: str,
        arguments: Optional[Mapping[str, Argument]] = None,
        *,
        timeout: Optional[float] = None,
    ) -> AsyncGenerator[JsonObject, None]:
        """Gives a device a command and yields the delivery at each stage: ``queued``, ``accepted``, ``progress`` any number
        of times, and its end: ``completed``, ``aborted`` or ``failed``.

        Raises ``RequestError`` if the command is refused, or after ``failed``, with the code of the failure; ``TimedOut``
        after ``timeout`` seconds, which does not abort the command: for that, call ``abort`` with the delivery's ``id``.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        # Stages from this event on: the command may be over before a subscription begins.
        since = (await self.status())["seq"]
        begun = await self.command(device, name, arguments, until="queued")
        async with self.subscribe(kinds=["delivery"], nodes=[begun["to"]], since=since) as events:
            while True:
                left = None if deadline is None else deadline - loop.time()
                if left is not None and left <= 0:
                    raise TimedOut(name)
                wait = ASK_AFTER if left is None else min(ASK_AFTER, left)
                delivery = await self._next_stage(events, begun["id"], wait)
                if delivery is None:
                    continue
                yield delivery
                if delivery["stage"] in _ENDS:
                    _raise_if_failed(delivery)
                    return

    # Internal to this library.

    async def _next_stage(self, events: AsyncSubscription, id: str, wait: float) -> Optional[JsonObject]:
        """The command in the next event, or its end if the events do not show it; None if there is neither."""
        try:
            event = await events.get(wait)
        except TimedOut:
            event = {"kind": "gap"}
        if event["kind"] == "delivery":
            return event["delivery"] if event["delivery"]["id"] == id else None
        delivery = await self.delivery(id)
        return delivery if delivery["stage"] in _ENDS else None

    def _seconds_for(self, params: Mapping[str, Any]) -> float:
        waits: float = (params.get("timeoutMs") or 0) / 1000
        return self.timeout + waits

    async def _await_connection(self, timeout: float) -> _Connection:
        while self._closed_by is None and self._connection is None:
            try:
                await asyncio.wait_for(self._settled.wait(), timeout)
            except asyncio.TimeoutError:
                raise (self._last_failure or NotRunning(self.path)).with_traceback(None) from None
        if self._closed_by is not None:
            raise self._closed_by.with_traceback(None)
        assert self._connection is not None
        return self._connection

    def _open_connection(self) -> Coroutine[Any, Any, _Connection]:
        return _Connection.open(self.path, self._on_notification, self._on_lost)

    def _adopt(self, connection: _Connection) -> None:
        self._connection = connection
        self._last_failure = None
        self._settled.set()
        for stream in list(self._streams):
            self._start(stream)

    def _begin(self, params: JsonObject, since: Optional[int]) -> _Stream:
        if self._closed_by is not None:
            raise self._closed_by.with_traceback(None)
        stream = _Stream(params, since, self._forget)
        self._streams.add(stream)
        self._start(stream)
        return stream

    def _start(self, stream: _Stream) -> None:
        """Starts a stream on this connection, or resumes it after its last event."""
        connection = self._connection
        if connection is None or stream.is_ended:
            return
        since = stream.last_seq
        params = stream.params if since is None else {**stream.params, "since": since}
        # A gateway that does not answer this is stuck; a new connection may work.
        timer = self._loop.call_later(self.timeout, connection.abort)

        def on_reply(result: Optional[JsonObject], error: Optional[MeshgateError]) -> None:
            timer.cancel()
            if error is not None:
                self._on_refused(stream, error)
            elif result is not None:
                self._on_started(stream, since, result)

        connection.post("subscribe", params, on_reply)

    def _on_started(self, stream: _Stream, since: Optional[int], reply: JsonObject) -> None:
        if stream.is_ended:
            self._unsubscribe(reply["subscription"])
            return
        self._subscribed[reply["subscription"]] = stream
        stream.on_started(since, reply)

    def _on_refused(self, stream: _Stream, error: MeshgateError) -> None:
        if isinstance(error, ConnectionLost) and self._reconnects:
            return
        if stream.is_accepted and error.code == "NODE_NOT_FOUND":
            self._loop.call_later(RETRY_FILTER, self._start, stream)
            return
        stream.end(error)

    def _forget(self, stream: _Stream) -> None:
        self._streams.discard(stream)
        if stream.subscription in self._subscribed:
            del self._subscribed[stream.subscription]
            self._unsubscribe(stream.subscription)

    def _unsubscribe(self, subscription: str) -> None:
        if self._connection is not None:
            self._connection.post("unsubscribe", {"subscription": subscription}, lambda *_: None)

    def _on_notification(self, method: str, params: JsonObject) -> None:
        if method == "closing":
            fatal = _FATAL_CLOSINGS.get(params["reason"])
            if fatal is not None:
                self._shut(fatal())
            return
        stream = self._subscribed.get(params.get("subscription", ""))
        if stream is None:
            return
        if method == "event":
            stream.on_event(params["event"])
        elif method == "gap":
            stream.on_gap(params["from"], params["to"])

    def _on_lost(self, connection: _Connection) -> MeshgateError:
        if connection is not self._connection:
            return self._closed_by or ConnectionLost()
        self._connection = None
        self._subscribed.clear()
        if not self._reconnects:
            self._shut(ConnectionLost())
            return ConnectionLost()
        if connection.has_served:
            self._pause = FIRST_PAUSE
        self._settled.clear()
        self._reconnecting = asyncio.ensure_future(self._reconnect())
        return ConnectionLost()

    async def _reconnect(self) -> None:
        while self._connection is None and self._closed_by is None:
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
            try:
                connection = await self._open_connection()
            except MeshgateError as error:
                self._last_failure = error
            else:
                self._adopt(connection)

    def _shut(self, error: MeshgateError) -> None:
        if self._closed_by is not None:
            return
        self._closed_by = error
        self._settled.set()
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        connection, self._connection = self._connection, None
        self._subscribed.clear()
        if connection is not None:
            connection.abort()
        for stream in list(self._streams):
            stream.end(None if isinstance(error, ClientClosed) else error)


def _export_params(
    type: Optional[NameOrId], node: Optional[Node], start: Optional[float], end: Optional[float], page: int
) -> JsonObject:
    return {"type": type, "node": node, "from": start, "to": end, "limit": page}


def _subscribe_params(
    kinds: Optional[Iterable[str]],
    nodes: Optional[Iterable[Node]],
    opcodes: Optional[Iterable[NameOrId]],
    types: Optional[Iterable[NameOrId]],
    snapshot: bool,
    min_interval: float,
) -> JsonObject:
    filters = {"kinds": kinds, "nodes": nodes, "opcodes": opcodes, "types": types}
    params: JsonObject = {name: list(wanted) for name, wanted in filters.items() if wanted is not None}
    params["snapshot"] = snapshot
    params["minIntervalMs"] = round(min_interval * 1000)
    return params


class AsyncSubscription:
    """Events, read with ``async for`` or ``get``. Leaving ``async with`` closes it."""

    def __init__(self, client: AsyncClient, stream: _Stream, timeout: Optional[float]) -> None:
        self._client = client
        self._stream = stream
        self._timeout = timeout
        # A subscription that is garbage-collected, in whatever thread, must be ended at the gateway too.
        weakref.finalize(self, _end_soon, client._loop, stream).atexit = False

    def close(self) -> None:
        """Ends it; queued events can still be read."""
        self._stream.end()

    async def get(self, timeout: Optional[float] = None) -> Event:
        """The next event. Raises ``TimedOut`` after ``timeout`` seconds, and ``ClientClosed`` at the end."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            event = self._stream.take()
            if event is not None:
                return event
            left = None if deadline is None else deadline - loop.time()
            try:
                await asyncio.wait_for(self._stream.wait(), left)
            except asyncio.TimeoutError:
                raise TimedOut("event") from None

    def __aiter__(self) -> AsyncSubscription:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.get(self._timeout)
        except ClientClosed:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> AsyncSubscription:
        await self._await_acceptance()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def _await_acceptance(self) -> None:
        try:
            await asyncio.wait_for(self._stream.wait_until_accepted(), self._client.timeout)
        except asyncio.TimeoutError:
            self.close()
            raise self._client._last_failure or TimedOut("subscribe") from None


def _end_soon(loop: asyncio.AbstractEventLoop, stream: _Stream) -> None:
    if not stream.is_ended:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stream.end)


# --- synchronous -----------------------------------------------------------------------------------------------------


class _LoopThread:
    """A thread with an event loop, which runs the connection of a synchronous client."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="meshgate", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Value], timeout: Optional[float]) -> Value:
        """Runs it in the thread and waits for the result. Raises ``TimedOut``, or ``ClientClosed`` if the thread has ended."""
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise ClientClosed("the client") from None
        deadline = None if timeout is None else clocks.monotonic() + timeout
        try:
            return self._await_result(future, deadline)
        except concurrent.futures.CancelledError:
            raise ClientClosed("the client") from None
        finally:
            future.cancel()

    def _await_result(self, future: concurrent.futures.Future[Value], deadline: Optional[float]) -> Value:
        """Checks every second that the thread is still running."""
        while True:
            left = 1.0 if deadline is None else min(1.0, deadline - clocks.monotonic())
            try:
                return future.result(max(0.0, left))
            except concurrent.futures.TimeoutError:
                if deadline is not None and clocks.monotonic() >= deadline:
                    raise TimedOut() from None
                if not self._thread.is_alive():
                    raise ClientClosed("the client") from None

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(THREAD_GRACE)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self._loop.run_until_complete(asyncio.wait(tasks, timeout=1))
            self._loop.close()


def _close_client(client: AsyncClient, thread: _LoopThread) -> None:
    with contextlib.suppress(MeshgateError):
        thread.run(client.close(), THREAD_GRACE)
    thread.stop()


class Client(_Methods[JsonObject]):
    """A client of the gateway's session. ::

        with meshgate.Client() as client:
            for node in client.nodes()["nodes"]:
                print(node["name"], node["status"])

    The constructor connects. The connection runs in its own thread: calls may be made while a subscription is iterated,
    and from several threads. When the connection is lost, the client reconnects automatically and resumes its
    subscriptions after their last event.
    """

    def __init__(
        self, socket: Optional[str] = None, *, timeout: float = CALL_TIMEOUT, reconnect: bool = True
    ) -> None:
        """Connects. ``socket``: see ``find_socket``. ``timeout``: seconds that a call may take. ``reconnect``: if false,
        a lost connection closes the client, and its subscriptions raise ``ConnectionLost``.

        Raises ``NotRunning`` or ``NoPermission``.
        """
        self._client = AsyncClient(socket, timeout=timeout, reconnect=reconnect)
        self._thread = _LoopThread()
        self._close = weakref.finalize(self, _close_client, self._client, self._thread)
        try:
            self._thread.run(self._client.connect(), CONNECT_TIMEOUT + THREAD_GRACE)
        except BaseException:
            self._close()
            raise

    @property
    def path(self) -> str:
        """The path of the gateway's socket."""
        return self._client.path

    @property
    def timeout(self) -> float:
        """Seconds that a call may take, in addition to the time that its method waits."""
        return self._client.timeout

    @property
    def is_connected(self) -> bool:
        """False while reconnecting, and when closed."""
        return self._client.is_connected

    def close(self) -> None:
        """Closes the client: pending calls raise, subscriptions end."""
        self._close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, method: str, /, *, timeout: Optional[float] = None, **params: Any) -> JsonObject:
        seconds = self._client._seconds_for(params) if timeout is None else timeout
        return self._thread.run(self._client.call(method, timeout=seconds, **params), seconds + THREAD_GRACE)

    call.__doc__ = _Methods.call.__doc__

    def export(
        self,
        *,
        type: Optional[NameOrId] = None,
        node: Optional[Node] = None,
        start: Optional[float] = None,
        end: Optional[float] = None,
        page: int = EXPORT_PAGE,
    ) -> Iterator[JsonObject]:
        """All values in a time range: see ``AsyncClient.export``. ::

            for value in client.export(type="GPS", start=yesterday):
                print(value["name"], value["receivedAt"], value["fields"])
        """
        params = _export_params(type, node, start, end, page)
        after: Optional[str] = None
        while True:
            reply = self.call("export", after=after, **params)
            yield from reply["values"]
            after = reply["next"]
            if after is None:
                return

    def subscribe(
        self,
        *,
        kinds: Optional[Iterable[str]] = None,
        nodes: Optional[Iterable[Node]] = None,
        opcodes: Optional[Iterable[NameOrId]] = None,
        types: Optional[Iterable[NameOrId]] = None,
        snapshot: bool = False,
        since: Optional[int] = None,
        min_interval: float = 0,
        timeout: Optional[float] = None,
    ) -> Subscription:
        """Events as they arrive: see ``AsyncClient.subscribe``, but a refusal is raised by this call."""
        params = _subscribe_params(kinds, nodes, opcodes, types, snapshot, min_interval)
        seconds = self.timeout + THREAD_GRACE
        return Subscription(self, self._thread.run(self._open_stream(params, since), seconds), timeout)

    def image(self, device: Node, type: NameOrId) -> JsonObject:
        """The newest image of a device: ``type``, ``mediaType``, ``receivedAt``, and its bytes as ``data``."""
        return _with_bytes(self.call("image", device=device, type=type))

    def follow_command(
        self,
        device: Node,
        name: str,
        arguments: Optional[Mapping[str, Argument]] = None,
        *,
        timeout: Optional[float] = None,
    ) -> Iterator[JsonObject]:
        """Gives a device a command and yields each of its stages: see ``AsyncClient.follow_command``. ::

            for delivery in client.follow_command("stage", "move", {"position": 12}):
                print(delivery["stage"], delivery.get("progress"))
        """
        stages = self._client.follow_command(device, name, arguments, timeout=timeout)
        try:
            while True:
                delivery = self._thread.run(_next_or_none(stages), None)
                if delivery is None:
                    return
                yield delivery
        finally:
            with contextlib.suppress(ClientClosed, TimedOut):
                self._thread.run(_close_stages(stages), THREAD_GRACE)

    async def _open_stream(self, params: JsonObject, since: Optional[int]) -> AsyncSubscription:
        subscription = AsyncSubscription(self._client, self._client._begin(params, since), None)
        await subscription._await_acceptance()
        return subscription


async def _next_or_none(stages: AsyncGenerator[JsonObject, None]) -> Optional[JsonObject]:
    try:
        return await stages.__anext__()
    except StopAsyncIteration:
        return None


async def _close_stages(stages: AsyncGenerator[JsonObject, None]) -> None:
    await stages.aclose()


class Subscription:
    """Events, read with ``for`` or ``get``. Leaving ``with`` closes it. Several threads may share one."""

    def __init__(self, client: Client, subscription: AsyncSubscription, timeout: Optional[float]) -> None:
        self._client = client
        self._subscription = subscription
        self._stream = subscription._stream
        self._timeout = timeout

    def close(self) -> None:
        """Ends it; queued events can still be read."""
        _end_soon(self._subscription._client._loop, self._stream)

    def get(self, timeout: Optional[float] = None) -> Event:
        """The next event. Raises ``TimedOut`` after ``timeout`` seconds, and ``ClientClosed`` at the end."""
        deadline = None if timeout is None else clocks.monotonic() + timeout
        while True:
            event = self._stream.take()
            if event is not None:
                return event
            left = None if deadline is None else deadline - clocks.monotonic()
            if left is not None and left <= 0:
                raise TimedOut("event")
            with contextlib.suppress(TimedOut):
                self._wait(left)

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Event:
        try:
            return self.get(self._timeout)
        except ClientClosed:
            raise StopIteration from None

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait(self, timeout: Optional[float]) -> None:
        """If the client is closed meanwhile, the stream has ended, and queued events can still be read."""
        try:
            self._client._thread.run(self._stream.wait(), timeout)
        except ClientClosed:
            if not self._stream.is_ended:
                raise


# --- the classic dialect ---------------------------------------------------------------------------------------------


class ClassicMessage(NamedTuple):
    """A message from a node, as forwarded by the root."""

    address: int
    opcode: int
    payload: bytes


ClassicHandler = Callable[[ClassicMessage], None]

_SYN = b"[syn]\0"
_ACK = b"[ack]\0"
_SUCCESS = b"S"
_FAILURE = b"F"
_HEADER_LENGTH = 3
#: Messages queued for slow handlers; beyond that reading stops, until the gateway closes the connection.
_MAX_UNHANDLED = 10_000
#: How often a waiting thread checks whether to stop.
_CHECK_EVERY = 0.1


class ClassicClient:
    """A client of the classic dialect, for existing programs. New programs should use ``Client``. ::

        client = meshgate.ClassicClient()
        client.on("R", lambda message: client.send(message.address, b"A"))
        client.listen()
    """

    def __init__(self, socket: Optional[str] = None, *, timeout: float = 5.0) -> None:
        """``socket``: see ``find_socket``. ``timeout``: seconds that a reply may take."""
        self.path = find_socket(socket)
        self.timeout = timeout
        self._handlers: Dict[int, List[ClassicHandler]] = {}
        self._ended = threading.Event()

    def on(self, opcode: Union[int, str], handler: ClassicHandler) -> ClassicClient:
        """Calls ``handler`` for each message with this opcode: 0x00–0xFF, or a character such as ``"R"``."""
        code = ord(opcode) if isinstance(opcode, str) else opcode
        self._handlers.setdefault(code, []).append(handler)
        return self

    def listen(self, duration: Optional[float] = None, on_ready: Callable[[], None] = lambda: None) -> None:
        """Listens, and calls the handlers in this thread, until ``close`` is called or for ``duration`` seconds.
        ``on_ready`` is called when the gateway has accepted the connection.

        Raises ``NotRunning``, ``NoPermission``, ``RequestError`` if refused, ``ConnectionLost`` if the gateway closes the
        connection. The dialect has no delimiter: messages written at the same moment may arrive as one.
        """
        deadline = None if duration is None else clocks.monotonic() + duration
        self._ended.clear()
        unhandled: queue.Queue[bytes] = queue.Queue(_MAX_UNHANDLED)
        connection = self._connect()
        try:
            self._shake_hands(connection)
            reader = threading.Thread(target=self._read, args=(connection, unhandled), daemon=True)
            reader.start()
            on_ready()
            while not self._ended.is_set() and (deadline is None or clocks.monotonic() < deadline):
                with contextlib.suppress(queue.Empty):
                    self._handle(unhandled.get(timeout=_CHECK_EVERY))
                if unhandled.empty() and not reader.is_alive() and not self._ended.is_set():
                    raise ConnectionLost()
        finally:
            self._ended.set()
            connection.close()

    def close(self) -> None:
        """Ends ``listen``; may be called from a handler or another thread."""
        self._ended.set()

    def command(self, name: str, args: bytes = b"") -> bytes:
        """Sends a command (five characters) with its arguments; returns the reply after its ``S``.

        Raises ``RequestError`` with the gateway's message, ``NotRunning``, ``NoPermission``, ``TimedOut``.
        """
        with contextlib.closing(self._connect()) as connection:
            try:
                connection.sendall(name.encode("latin-1") + args)
                # This marks the end of the request, however the gateway reads it.
                connection.shutdown(sockets.SHUT_WR)
                reply = self._read_to_end(connection)
            except sockets.timeout:
                raise TimedOut(name) from None
            except OSError:
                raise ConnectionLost(name) from None
        if reply[:1] == _SUCCESS:
            return reply[1:]
        raise _refusal(reply, name)

    def send(self, address: int, message: Union[str, bytes]) -> None:
        """Sends a message (opcode, then payload) to a node; ``address`` 0x0000 is the root."""
        body = message.encode() if isinstance(message, str) else message
        self.command("SEND-", address.to_bytes(2, "big") + body)

    def get(self, type: NameOrId, address: int = 0) -> Dict[int, bytes]:
        """The latest value of a data type, by name or id: of one node, or of all active nodes (address 0)."""
        key = bytes([type]) if isinstance(type, int) else type.encode("ascii")
        reply = self.command("[GET]", address.to_bytes(2, "big") + key)
        start = len(key) + 2
        if not reply.startswith(key) or len(reply) < start:
            raise BadReply(f"[GET] {type}")
        length, amount = reply[len(key)], reply[len(key) + 1]
        step = 2 + length
        if len(reply) != start + amount * step:
            raise BadReply(f"[GET] {type}")
        entries = [reply[at : at + step] for at in range(start, len(reply), step)]
        return {int.from_bytes(entry[:2], "big"): entry[2:] for entry in entries}

    def _connect(self) -> sockets.socket:
        connection = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        connection.settimeout(self.timeout)
        try:
            connection.connect(self.path)
        except PermissionError:
            connection.close()
            raise NoPermission(self.path) from None
        except OSError:
            connection.close()
            raise NotRunning(self.path) from None
        return connection

    def _shake_hands(self, connection: sockets.socket) -> None:
        answer = b""
        try:
            connection.sendall(_SYN)
            while len(answer) < len(_ACK):
                chunk = connection.recv(len(_ACK) - len(answer))
                if not chunk:
                    break
                answer += chunk
            if answer != _ACK:
                raise _refusal(answer + self._read_to_end(connection), "listen")
        except sockets.timeout:
            raise TimedOut("listen") from None
        except OSError:
            raise ConnectionLost("listen") from None

    def _read(self, connection: sockets.socket, unhandled: queue.Queue[bytes]) -> None:
        """Reads messages as they arrive, so that they do not run together while a handler is slow."""
        connection.settimeout(_CHECK_EVERY)
        while not self._ended.is_set():
            try:
                body = connection.recv(READ_SIZE)
            except sockets.timeout:
                continue
            except OSError:
                return
            if not body:
                return
            while not self._ended.is_set():
                with contextlib.suppress(queue.Full):
                    unhandled.put(body, timeout=_CHECK_EVERY)
                    break

    def _handle(self, body: bytes) -> None:
        if len(body) < _HEADER_LENGTH:
            return
        message = ClassicMessage(int.from_bytes(body[:2], "big"), body[2], body[_HEADER_LENGTH:])
        for handler in self._handlers.get(message.opcode, []):
            handler(message)

    def _read_to_end(self, connection: sockets.socket) -> bytes:
        """The gateway closes the connection after its reply."""
        deadline = clocks.monotonic() + self.timeout
        reply = bytearray()
        while len(reply) <= MAX_REPLY:
            connection.settimeout(max(0.001, deadline - clocks.monotonic()))
            chunk = connection.recv(READ_SIZE)
            if not chunk:
                break
            reply += chunk
        return bytes(reply)


def _refusal(reply: bytes, what: str) -> MeshgateError:
    """``F | length (1) | message``."""
    if reply[:1] != _FAILURE:
        return ConnectionLost(what) if reply == b"" else BadReply(what)
    return RequestError("REFUSED", reply[2:].decode("utf-8", "replace"))
