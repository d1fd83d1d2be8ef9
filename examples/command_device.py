"""Gives a device a command, prints each of its stages, and then what the device reports. With a time limit in seconds, the
command is aborted when it takes longer.

    python3 examples/command_device.py stage move '{"position": 12}' 30

The gateway must have a device: npx meshgate devices; its commands: npx meshgate device ID
"""

import json
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "clients", "python"))
import meshgate

device, name = sys.argv[1:3]
arguments = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
limit = float(sys.argv[4]) if len(sys.argv) > 4 else None

with meshgate.Client() as client:
    timer = None
    try:
        for delivery in client.follow_command(device, name, arguments):
            stage = delivery["stage"]
            if stage == "queued" and limit is not None:
                timer = threading.Timer(limit, client.abort, [delivery["id"]])
                timer.start()
            if stage == "progress":
                print(f"progress: {delivery['progress'].get('fraction', 0) * 100:.0f} %")
            elif stage == "completed":
                print(f"completed: {json.dumps(delivery.get('result'), separators=(',', ':'))}")
            else:
                print(stage)
    except meshgate.RequestError as error:
        print(f"{error.code}: {error}")
    finally:
        if timer is not None:
            timer.cancel()

    for value in client.device(device)["values"]:
        for field, content in value["fields"].items():
            shown = content.get("name", content["value"])
            print(f"{value['type']}.{field} = {shown} {content.get('unit', '')}".rstrip())
