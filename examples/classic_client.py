"""The classic dialect, for existing programs: commands with their replies, then messages as they arrive.

    python3 examples/classic_client.py [COUNT]

Ends after COUNT messages, or with Ctrl-C. The gateway must be running: npx meshgate start --simulate
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "clients", "python"))
import meshgate

count = float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")
client = meshgate.ClassicClient()
received = 0


def show(message: meshgate.ClassicMessage) -> None:
    global received
    print(f"node {message.address}: {chr(message.opcode)} {message.payload.hex()}", flush=True)
    received += 1
    if received >= count:
        client.close()


print(client.command("ACT-C")[0], "active nodes")
for address, value in client.get("GPS").items():
    print(f"node {address} is at {value.hex()}")

# Every node answers an Echo (E) with an Ack (A) that has the same payload.
all_nodes = b"\0\0"
client.on("A", show).on("R", show)
client.listen(on_ready=lambda: client.command("BCAST", all_nodes + b"Ehello"))
print("connection closed")
