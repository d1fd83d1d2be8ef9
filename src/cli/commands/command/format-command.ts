import { cleanText } from '../../../base/clean-text.js';
import type { DeliveryInfo } from '../../../client/index.js';
import { formatSubject } from '../../text/address.js';
import { describeCommand, describeStage } from '../../text/command-text.js';
import type { View } from '../../text/terminal.js';
import { wrap } from '../../text/wrap.js';

const ENDED: ReadonlySet<DeliveryInfo['stage']> = new Set(['completed', 'failed', 'aborted']);

export function hasEnded({ stage }: Pick<DeliveryInfo, 'stage'>): boolean {
  return ENDED.has(stage);
}

/** The state of a command, and what can be done next. `isAbortable`: `abort` is mentioned. */
export function formatCommand(delivery: DeliveryInfo, isAbortable: boolean, view: View): string {
  const { id, to, device } = delivery;
  const who = formatSubject({ node: to ?? 0, device }, view.gateway);
  const isRunning = !hasEnded(delivery);
  const lines = [
    `${who} ${describeCommand(delivery)}: ${describeStage(delivery)}`,
    laterHint(id, view),
    ...(isRunning && isAbortable ? [`to abort it: ${withFleet('abort', id, view)}`] : []),
  ];
  return lines.map((line) => `${wrap(cleanText(line), view.terminal.columns).join('\n')}\n`).join('');
}

export function laterHint(id: string, view: View): string {
  return `for its state later: ${withFleet('explain', `--delivery ${id}`, view)}`;
}

function withFleet(command: string, rest: string, { gateway }: View): string {
  if (gateway === undefined) return `meshgate ${command} ${rest}`;
  return `meshgate --fleet URL ${command} --gateway ${gateway} ${rest}`;
}
