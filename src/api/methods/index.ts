import * as z from 'zod';
import { once } from '../../base/once.js';
import { packageVersion } from '../../base/package-root.js';
import { type Method, method } from '../method.js';
import { describeOpenRpc } from '../openrpc.js';
import { commandMethods } from './commands.js';
import { deviceMethods } from './devices.js';
import { queryMethods } from './queries.js';
import { recordingMethods } from './recording.js';
import { subscriptionMethods } from './subscriptions.js';
import { valueMethods } from './values.js';

const discoverMethod = method({
  name: 'rpc.discover',
  summary: 'This document: every method with its parameters and result, and every error.',
  params: z.strictObject({}),
  result: z.looseObject({ openrpc: z.string(), methods: z.array(z.looseObject({ name: z.string() })) }),
  run: () => openRpcDocument(),
});

/** Every method of the session. */
const all = [
  discoverMethod,
  ...queryMethods,
  ...valueMethods,
  ...commandMethods,
  ...deviceMethods,
  ...subscriptionMethods,
  ...recordingMethods,
] as const;

export const methods: readonly Method[] = all;

type Entry = (typeof all)[number];

/** Parameters and result of every method, by name: the types of the client library. */
export type SessionApi = {
  [Each in Entry as Each['name']]: { params: z.input<Each['params']>; result: z.output<Each['result']> };
};

const byName = new Map(methods.map((entry) => [entry.name, entry]));

export function findMethod(name: string): Method | undefined {
  return byName.get(name);
}

/** Built on first use: few clients need it, and it takes about 50 ms. */
const openRpcDocument = once(() => describeOpenRpc(methods, packageVersion));
