"""A request over a websocket with a token, standard library only: for a gateway on another machine.

    python3 examples/websocket_client.py [URL] [TOKEN]

The gateway must be running: npx meshgate start --simulate
"""

import base64
import json
import os
import socket
import struct
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:7654/rpc")
token = [f"Authorization: Bearer {sys.argv[2]}"] if len(sys.argv) > 2 else []
connection = socket.create_connection((url.hostname, url.port or 80), timeout=10)
stream = connection.makefile("rb")

upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
key = f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"
request = [f"GET {url.path} HTTP/1.1", f"Host: {url.netloc}", *upgrade, key, *token, "", ""]
connection.sendall("\r\n".join(request).encode())
answer = stream.readline().decode().partition(" ")[2].strip()
if not answer.startswith("101"):
    sys.exit(f"refused: {answer}")
while stream.readline() != b"\r\n":
    pass


def send(opcode: int, payload: bytes) -> None:
    """A frame of at most 65,535 bytes, masked as a client must."""
    size = len(payload)
    length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0xFE, size)
    mask = os.urandom(4)
    connection.sendall(bytes([0x80 | opcode]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))


def receive() -> dict:
    """A message; long ones come in several frames."""
    text, is_last = b"", False
    while not is_last:
        first, length = stream.read(2)
        if length >= 126:
            (length,) = struct.unpack(*(("!H", stream.read(2)) if length == 126 else ("!Q", stream.read(8))))
        payload, opcode = stream.read(length), first & 0x0F
        if opcode == 8:
            sys.exit("the gateway closed the connection")
        if opcode == 9:  # a ping: without its pong the gateway closes the connection
            send(10, payload)
        if opcode < 2:
            text, is_last = text + payload, first >= 0x80
    return json.loads(text)


send(1, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "status"}).encode())
status = receive()["result"]
print(f"meshgate {status['version']} has {status['nodes']['total']} nodes")
