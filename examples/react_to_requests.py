"""Answers requests from robots: prints each request and sends an Ack to the robot.

    python3 examples/react_to_requests.py [COUNT]

Ends after COUNT requests, or with Ctrl-C. The gateway must be running: npx meshgate start --simulate
(a simulated robot sends a request every minute or two).
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "clients", "python"))
import meshgate

count = float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")

with meshgate.Client() as client, client.subscribe(kinds=["message"], opcodes=["Request"]) as events:
    print("waiting for requests", flush=True)
    answered = 0
    for event in events:
        if event["kind"] == "gap":
            print("some requests were missed")
            continue

        node = event["message"]["from"]
        payload = event["message"]["body"][6:]  # the body is address (2 bytes), opcode (1), payload
        delivery = client.send(node, "A")
        print(f"node {node} requests {payload}; answer {delivery['stage']}", flush=True)
        answered += 1
        if answered >= count:
            break
