import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { cleanText } from '../../../base/clean-text.js';
import { systemClock } from '../../../base/clock.js';
import { errorText, MeshgateError } from '../../../base/errors.js';
import { formatTimeOfDay } from '../../../base/local-time.js';
import { DHS_ENDS, DhsServer } from '../../../devices/dcss/dhs-server.js';
import { abortWhenTerminated } from '../until-terminated.js';
import { listenAddress, listenError } from './listen-address.js';
import { messageFor, TRIAL_REGISTRATIONS } from './server-commands.js';

export interface DcssServerFlags {
  readonly listen: string;
  readonly protocol: string;
  readonly registrations?: string;
}

const MAX_REGISTRATIONS = 1000;

/** Runs until it is terminated. Rejects with a `MeshgateError`. */
export async function runDcssServer({ listen, protocol, registrations }: DcssServerFlags): Promise<void> {
  if (protocol !== '1' && protocol !== '2')
    throw new MeshgateError('BAD_USAGE', `"${protocol}" is not a protocol level`, 'use --protocol 1 or 2');
  const messages = registrations === undefined ? TRIAL_REGISTRATIONS : readRegistrations(registrations);
  const names = new Set<string>();
  const server = new DhsServer({
    clock: systemClock,
    ...listenAddress(listen),
    protocol: protocol === '1' ? 1 : 2,
    mayConnect: () => true,
    isKnown: () => true,
    onReady: (name) => {
      names.add(name);
      say(`${name} has connected; registering ${messages.length} messages`);
      for (const text of messages) if (!server.send(name, text)) say(`not sent, too long: ${text}`);
    },
    onText: (name, text) => say(`${name} < ${cleanText(text)}`),
    onEnd: (name, reason) => {
      if (name !== undefined) names.delete(name);
      say(`${name ?? 'a client'} was disconnected: ${DHS_ENDS[reason]}`);
    },
  });
  const port = await server.listen().catch((error: unknown) => Promise.reject(listenError(error, listen)));
  const { signal } = abortWhenTerminated();
  say(`waiting for hardware servers on port ${port}, protocol ${protocol}`);
  takeCommands(server, names);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  process.stdin.destroy();
  await server.stop();
}

/** To every hardware server that is connected, as if each had registered everything. */
function takeCommands(server: DhsServer, names: ReadonlySet<string>): void {
  let started = 0;
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line.trim() === '') return;
    if (/^start\s/.test(line.trim())) started++;
    const message = messageFor(line.trim(), `1.${started}`);
    if ('fault' in message) say(message.fault);
    else if (names.size === 0) say('no hardware server is connected');
    else
      for (const name of names) {
        const isSent = server.send(name, message.text);
        say(`${name} > ${cleanText(message.text)}${isSent ? '' : ' (not sent: too long)'}`);
      }
  });
}

/** One message a line; empty lines and those that begin with # are passed over. */
function readRegistrations(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MeshgateError('FILE_FAILED', `can't read ${path}: ${errorText(error)}`);
  }
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#')).slice(0, MAX_REGISTRATIONS);
}

function say(text: string): void {
  process.stdout.write(`${formatTimeOfDay(Date.now())} ${text}\n`);
}
