/** Operations on the mesh: `meshSend node hex [answer-opcode]`, `meshBroadcast hex`, `meshRefresh`, `meshReset`. */
import type { OperationStatus } from '../../../codecs/dcss/from-hardware.js';
import type { Delivery, Expectation } from '../../../hub/deliveries.js';
import { isUnicast, ROOT_ADDRESS } from '../../../protocol/address.js';
import { hexBytes } from '../../../protocol/message-template.js';
import { numberIn } from '../../../protocol/names.js';
import type { HubAccess } from '../drives/hub-drives.js';
import { addressIn } from '../drives/hub-field.js';
import type { Operation, OperationRun } from '../operations.js';

const ANSWER_MS = 10_000;
const WRITE_MS = 60_000;
/** Characters of one word of an answer; DCSS reads no longer ones than 79. */
const HEX_WORD = 64;

export function meshOperation(name: string, access: HubAccess): Operation | undefined {
  switch (name) {
    case 'meshSend':
      return (run) => send(run, access);
    case 'meshBroadcast':
      return (run) => broadcast(run, access);
    case 'meshRefresh':
      return (run) => execute(run, 'refreshNodes', access);
    case 'meshReset':
      return (run) => execute(run, 'resetRoot', access);
    default:
      return undefined;
  }
}

function send(run: OperationRun, access: HubAccess): void {
  const [node = '', hex = '', opcode] = run.arguments;
  const { hub, owner } = access;
  const to = addressIn(node, hub);
  const message = hexBytes(hex);
  const answer = opcode === undefined ? undefined : opcodeOf(opcode);
  if (to === undefined || (to !== ROOT_ADDRESS && !isUnicast(to))) run.complete('error', 'no_such_node');
  else if (!message || message.length === 0) run.complete('error', 'bad_hex');
  else if (opcode !== undefined && answer === undefined) run.complete('error', 'bad_opcode');
  else {
    const expects: Expectation | undefined = answer === undefined ? undefined : { opcode: answer };
    const sending = { kind: 'send', to, message, tracked: false } as const;
    follow(run, hub.commands.deliver(sending, { owner }, expects), expects !== undefined, access);
  }
}

function broadcast(run: OperationRun, access: HubAccess): void {
  const message = hexBytes(run.arguments.join(''));
  if (!message || message.length === 0) {
    run.complete('error', 'bad_hex');
    return;
  }
  const { hub, owner } = access;
  follow(run, hub.commands.deliver({ kind: 'broadcast', message }, { owner }), false, access);
}

/** `0x46`, `70`. */
function opcodeOf(text: string): number | undefined {
  const opcode = numberIn(text);
  return opcode !== undefined && opcode <= 0xff ? opcode : undefined;
}

/** Each stage is an update; the last one ends the operation, and so does time. */
function follow(
  run: OperationRun,
  delivery: Delivery,
  wantsAnswer: boolean,
  { follower, clock }: HubAccess,
): void {
  const atEnd: (() => void)[] = [];
  const end = (status: OperationStatus, text: string) => {
    for (const release of atEnd.splice(0)) release();
    run.complete(status, text);
  };
  const onAbort = () => end('aborted', 'it may still be sent');
  run.signal.addEventListener('abort', onAbort, { once: true });
  atEnd.push(
    () => run.signal.removeEventListener('abort', onAbort),
    clock.after(WRITE_MS, () => end('error', 'not_written')),
  );
  const onStage = ({ stage, failure, answer }: Delivery) => {
    if (stage === 'answered') end('normal', wordsOfHex(answer));
    else if (stage === 'failed') end('error', failure ?? 'failed');
    else {
      run.update(stage);
      if (stage === 'queued') return;
      if (wantsAnswer) atEnd.push(clock.after(ANSWER_MS, () => end('error', 'no_answer')));
      else end(stage === 'written' ? 'normal' : 'error', stage);
    }
  };
  atEnd.push(follower.follow(delivery, onStage));
}

function wordsOfHex(answer: Buffer | undefined): string {
  return (answer?.toString('hex') ?? '').match(new RegExp(`.{1,${HEX_WORD}}`, 'g'))?.join(' ') ?? '';
}

async function execute(
  run: OperationRun,
  kind: 'refreshNodes' | 'resetRoot',
  { hub, owner }: HubAccess,
): Promise<void> {
  const outcome = await hub.commands.execute({ kind }, owner);
  if (!outcome.ok) run.complete('error', outcome.reason);
  else run.complete('normal', outcome.fresh ? 'done' : 'no_answer');
}
