/** Requests of the classic dialect: parsed as they arrive, and answered. */
import fc from 'fast-check';
import { answerRequest } from '../../src/socket/classic/commands.js';
import type { Reply } from '../../src/socket/classic/reply.js';
import { type Examined, examineRequest } from '../../src/socket/classic/request.js';
import { NetworkFixture } from '../../test/support/network-fixture.js';
import { shippedTables } from '../../test/support/tables.js';
import { must, type Target } from '../target.js';

const LIMIT = 1024;
const names = shippedTables.opcodes.commands().map(({ name }) => name);
/** These wait for the root, but no time passes here. */
const WAITS: ReadonlySet<string> = new Set(['NINFO', 'GETDF']);

const mesh = new NetworkFixture({ eventsHeld: 100 });
mesh.link('probing');
mesh.say('00 05 44 02 00 07 01 01 02 03 04 05 06', '00 06 44 01 00 08');

export const classicTarget: Target = {
  name: 'classic',
  words: [...names, '\0\x05', '\0\0', 'GPS', 'Sequence', "[{'id':1,'name':'R','state':'A','node':'Node-5'}]"],
  inputs: fc
    .tuple(fc.constantFrom(...names), fc.uint8Array({ maxLength: 40 }))
    .map(([name, args]) => Buffer.concat([Buffer.from(name, 'latin1'), args])),
  async run(input) {
    const examined = examineGrowing(input);
    if (examined.kind === 'tooShort' || examined.kind === 'refused') return examined.failure;
    const { request } = examined;
    if (WAITS.has(request.spec.name)) return request.spec.name;
    const reply = await wholeOf(await answerRequest(request, mesh.hub, 'fuzz'));
    mesh.forget();
    const length = reply[0] === 0x46 ? 2 + (reply[1] ?? -1) : reply.length;
    must(
      reply[0] === 0x53 || (reply[0] === 0x46 && reply.length === length),
      `a reply ${reply.toString('hex')}`,
    );
    return `${request.spec.name} ${reply[0] === 0x46 ? reply.toString('utf8', 2) : 'S'}`;
  },
};

async function wholeOf(reply: Reply): Promise<Buffer> {
  if (Buffer.isBuffer(reply)) return reply;
  const pieces: Buffer[] = [];
  for (const piece of reply) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A complete or refused request stays so, whatever follows. */
function examineGrowing(input: Buffer): Examined {
  const all = input.subarray(0, LIMIT + 1);
  const steps = [1, 4, 5, 7, 8, 16, 64, all.length].filter((step) => step <= all.length);
  let settled: string | undefined;
  let last: Examined = examineRequest(Buffer.alloc(0), shippedTables, LIMIT);
  for (const step of steps) {
    last = examineRequest(all.subarray(0, step), shippedTables, LIMIT);
    const now = last.kind === 'complete' ? `${last.request.args.toString('hex')}` : last.kind;
    must(settled === undefined || settled === now, 'a complete request changed');
    if (last.kind === 'complete' || last.kind === 'refused') settled = now;
    if (last.kind === 'mayContinue' || last.kind === 'complete')
      must(last.request.args.length <= LIMIT, 'too long');
  }
  return last;
}
