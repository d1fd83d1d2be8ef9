/** Devices in the Python library: the same vocabulary as in TypeScript. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot } from '../../src/base/package-root.js';
import { COMMAND_FAILURES } from '../../src/hub/failures.js';
import { startGateway } from '../support/gateway-fixture.js';
import { FOR_EVER, startMovingBench, TOO_FAR } from '../support/moving-bench.js';
import { hasPython, Program } from '../support/program.js';

const PROGRAM = `
import asyncio, sys, threading
sys.path.insert(0, "clients/python")
import meshgate

def refusal(run):
    try:
        run()
    except meshgate.MeshgateError as error:
        return error.code

with meshgate.Client() as client:
    print([device["id"] for device in client.devices()["devices"]])
    print([command["name"] for command in client.device("stage")["commands"]])
    print(client.image("stage", "Camera")["data"][:4])
    print(client.command("stage", "move", {"position": 1}, until="completed")["result"])
    print([stage["stage"] for stage in client.follow_command("stage", "move", {"position": 2})])
    print(refusal(lambda: list(client.follow_command("stage", "move", {"position": ${TOO_FAR}}))))
    print(refusal(lambda: list(client.follow_command("stage", "move", {"position": 101}))))
    print(refusal(lambda: list(client.follow_command("stage", "move", {"position": ${FOR_EVER}}, timeout=0.5))))
    for delivery in client.follow_command("stage", "move", {"position": ${FOR_EVER}}):
        if delivery["stage"] == "progress":
            client.abort(delivery["id"])
    print(delivery["stage"])
    for delivery in client.follow_command("stage", "move", {"position": ${FOR_EVER}}):
        break
    print(client.delivery(delivery["id"])["stage"] in ("accepted", "progress"), refusal(lambda: client.abort("x")))

async def main():
    async with meshgate.AsyncClient() as client:
        print((await client.image("stage", "Camera"))["mediaType"])
        print([stage["stage"] async for stage in client.follow_command("stage", "move", {"position": 3})])

asyncio.run(main())
`;

const EXPECTED = `['stage']
['move', 'home', 'calibrate']
b'\\x89PNG'
{'position': 1}
['queued', 'accepted', 'progress', 'completed']
REJECTED_BY_DEVICE
BAD_PARAMS
TIMED_OUT
aborted
True DELIVERY_NOT_FOUND
image/png
['queued', 'accepted', 'progress', 'completed']
`;

(hasPython ? test : test.skip)('devices in Python: list, command, follow, abort and image', async (t) => {
  const gateway = await startGateway();
  t.teardown(() => gateway.close());
  startMovingBench(gateway.hub);
  const program = new Program('python3', ['-c', PROGRAM], { env: { MESHGATE_SOCKET: gateway.socketPath } });
  t.is(await program.ended, 0, program.output);
  t.is(program.output, EXPECTED);
});

test('the Python library knows the code of each failure of a command', (t) => {
  const text = readFileSync(join(packageRoot, 'clients', 'python', 'meshgate.py'), 'utf8');
  const [, table = ''] = /_FAILURE_CODES = \{\n([^}]*)\}/.exec(text) ?? [];
  const codes = Object.fromEntries(
    [...table.matchAll(/"(\w+)": "(\w+)"/g)].map(([, name, code]) => [name, code]),
  );
  for (const [name, code] of Object.entries(codes))
    t.is(COMMAND_FAILURES[name as keyof typeof COMMAND_FAILURES]?.code, code as never);
  const ofDevices = Object.keys(COMMAND_FAILURES).filter(
    (name) => !/messageTooLong|rejectedByRoot/.test(name),
  );
  t.deepEqual(Object.keys(codes).sort(), ofDevices.sort());
});
