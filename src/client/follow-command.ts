/** Follows a command to a device through its stages, across lost connections. */
import type { DeliveryInfo } from '../api/shapes.js';
import { COMMAND_FAILURES } from '../hub/failures.js';
import { ClientError, RequestError } from './errors.js';
import type { EventStream, StreamEvent } from './event-stream.js';
import type { Params, Result } from './rpc-core.js';

/** A command that is followed to its end, so there is no stage to wait for. */
export type CommandParams = Omit<Params<'command'>, 'until' | 'timeoutMs'>;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** What is needed of a client. */
interface Client {
  status(options: Options): Promise<Result<'status'>>;
  command(params: Params<'command'>, options: Options): Promise<DeliveryInfo>;
  call(name: 'delivery', params: Params<'delivery'>, options: Options): Promise<DeliveryInfo>;
  subscribe(params: Params<'subscribe'> & Options): EventStream;
}

/** Without a stage for this long, the gateway is asked: the last one may have been lost. */
const ASK_AFTER_MS = 5000;

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'aborted']);

/**
 * Yields each stage, the last one included. Throws a `RequestError` if the command is refused or fails, a `ClientError`
 * if the gateway can't be reached any more, or the signal's reason.
 */
export async function* followCommand(
  client: Client,
  params: CommandParams,
  { signal }: Options = {},
): AsyncGenerator<DeliveryInfo, void, undefined> {
  // Stages from this event on: the command may be over before a subscription begins.
  const { seq: since } = await client.status({ signal });
  const { id, to } = await client.command({ ...params, until: 'queued' }, { signal });
  const nodes = to === null ? [] : [to];
  const events = client.subscribe({ kinds: ['delivery'], nodes, since, signal });
  try {
    for (;;) {
      const delivery = await nextStage(id, events, client, signal);
      yield delivery;
      if (!ENDS.has(delivery.stage)) continue;
      throwIfFailed(delivery);
      return;
    }
  } finally {
    await events.return();
  }
}

/** The next event of the command, or its end if the events do not show it. */
async function nextStage(
  id: string,
  events: EventStream,
  client: Client,
  signal: AbortSignal | undefined,
): Promise<DeliveryInfo> {
  let next = events.next();
  for (;;) {
    const result = await within(next, ASK_AFTER_MS);
    if (result) {
      if (result.done) throw signal?.aborted ? signal.reason : new ClientError('CLOSED');
      const event: StreamEvent = result.value;
      if (event.kind === 'delivery' && event.delivery.id === id) return event.delivery;
      next = events.next();
      if (event.kind !== 'gap') continue;
    }
    const delivery = await client.call('delivery', { id }, { signal });
    if (ENDS.has(delivery.stage)) return delivery;
  }
}

/** Undefined if it takes longer. */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

/** The same error as that of a call that waits for the end. */
function throwIfFailed({ failure, detail, id }: DeliveryInfo): void {
  if (failure === null) return;
  const { code, text } = COMMAND_FAILURES[failure];
  throw new RequestError(code, `delivery ${id}: ${detail ?? text}`);
}
