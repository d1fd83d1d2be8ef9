"""Writes every position that a node reports to a CSV file: time, node, latitude, longitude.

    python3 examples/log_positions.py FILE.csv [COUNT]

Ends after COUNT positions, or with Ctrl-C. A new run appends to the file.
The gateway must be running: npx meshgate start --simulate
"""

import csv
import datetime
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "clients", "python"))
import meshgate

path = sys.argv[1] if len(sys.argv) > 1 else "positions.csv"
count = float(sys.argv[2]) if len(sys.argv) > 2 else float("inf")

with open(path, "a", newline="", buffering=1) as file, meshgate.Client() as client:
    table = csv.writer(file)
    if file.tell() == 0:
        table.writerow(["time", "node", "latitude", "longitude"])
    print(f"writing positions to {path}", flush=True)

    written = 0
    for event in client.subscribe(kinds=["value"], types=["GPS", "Position"]):
        if event["kind"] == "gap":
            print("some positions were missed")
            continue
        value, fields = event["value"], event["value"]["fields"]
        time = datetime.datetime.fromtimestamp(value["receivedAt"] / 1000, datetime.timezone.utc)
        row = [fields["latitude"]["value"], fields["longitude"]["value"]]
        table.writerow([time.isoformat(timespec="milliseconds"), value["node"], *row])
        written += 1
        if written >= count:
            break
