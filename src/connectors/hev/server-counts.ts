import { Counters } from '../../base/counters.js';

/** Why a request is answered with `nack`, or not at all. */
export const REQUEST_FAULTS = {
  notJson: 'the request is not JSON in UTF-8',
  notObject: 'the request is not a JSON object',
  unknownType: 'the type is not CMD, ALARM or PERSONAL',
  unknownCommand: 'no such command',
  badParam: 'the parameter is missing, not a number, or out of range',
  unknownAlarm: 'no such alarm',
  badPersonal: 'a field is missing or out of range',
  unknownNode: 'no such node',
  noLink: 'the device or the root is not connected',
  busy: 'too many commands are under way',
  refused: 'the device or the root refused it',
} as const;

export type RequestFault = keyof typeof REQUEST_FAULTS;

const COUNTED = [
  'packets',
  'packetsDropped',
  'packetsTooLong',
  'requests',
  'acks',
  'nacks',
  'requestsTooLong',
  'requestsUnfinished',
  'listenFailures',
] as const;

export type ServerCounts = Counters<(typeof COUNTED)[number]>;

export function createServerCounts(): ServerCounts {
  return new Counters(COUNTED);
}

export function createFaultCounts(): Counters<RequestFault> {
  return new Counters(Object.keys(REQUEST_FAULTS) as RequestFault[]);
}
