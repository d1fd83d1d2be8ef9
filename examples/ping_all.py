"""Pings every node and prints the round-trip times.

    python3 examples/ping_all.py

The gateway must be running: npx meshgate start --simulate
"""

import asyncio
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "clients", "python"))
import meshgate


async def main() -> None:
    async with meshgate.AsyncClient() as client:
        nodes = (await client.nodes())["nodes"]
        # All at once: the gateway paces them.
        pings = await asyncio.gather(*[client.ping(node["address"]) for node in nodes])

    for ping in pings:
        result = f"{ping['roundTripMs']:.0f} ms" if ping["answered"] else "no answer"
        print(f"node {ping['node']}: {result}")
    print(f"{sum(ping['answered'] for ping in pings)} of {len(pings)} nodes answered")


asyncio.run(main())
