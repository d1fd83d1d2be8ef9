/**
 * Calls of methods: look up the method, check the caller's role and the parameters, run it, and audit it if required.
 * Sessions and internal callers share this; only sessions add JSON text, batches and turns.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.js';
import { errorStack } from '../base/errors.js';
import type { Log } from '../base/log.js';
import type { Work } from '../base/turns.js';
import { mayDo, type Role } from '../config/role.js';
import type { Hub } from '../hub/hub.js';
import type { AuditOrigin } from './audit.js';
import { DeliveryWaiters } from './delivery-waiters.js';
import { SessionError } from './errors.js';
import {
  checkParams,
  type GatewayFacts,
  type Method,
  type MethodContext,
  type MethodReply,
} from './method.js';
import { findMethod } from './methods/index.js';

/** Concurrent calls of one caller; each holds memory until its reply. */
export const MAX_UNANSWERED = 4096;

/** A reply now, later, or in steps. */
export type CallResult = MethodReply | Promise<MethodReply> | Work<MethodReply>;

export class MethodCaller {
  readonly #context: MethodContext;
  readonly #via: string;
  readonly #log: Log;

  /** `via`: the caller's socket or connector, for the audit. */
  constructor(context: MethodContext, via: string, log: Log) {
    this.#context = context;
    this.#via = via;
    this.#log = log;
  }

  /**
   * `tag`: the caller's own label for the deliveries that the call starts. Throws `UNKNOWN_METHOD`, `FORBIDDEN`,
   * `BAD_PARAMS`, and any error of the method.
   */
  call(name: string, params: unknown, tag?: string): CallResult {
    const method = this.#findPermitted(name);
    const checked = checkParams(method.params, params);
    const context = tag === undefined ? this.#context : { ...this.#context, tag };
    return method.isAudited ? this.#runAudited(method, checked, context) : method.run(checked, context);
  }

  /** The error for the caller. Anything but a `SessionError` is a bug: it is logged, and the caller gets `INTERNAL`. */
  refusalOf(error: unknown, name: string): SessionError {
    if (error instanceof SessionError) return error;
    this.#log.error('internal error', `${name}: ${errorStack(error)}`);
    return new SessionError('INTERNAL');
  }

  #findPermitted(name: string): Method {
    const { role, gateway } = this.#context;
    const method = findMethod(name);
    if (!method) throw new SessionError('UNKNOWN_METHOD', name);
    if (!mayDo(role, method.role)) {
      gateway.audit.forbid(this.#origin, method.name);
      throw new SessionError('FORBIDDEN', method.name);
    }
    return method;
  }

  async #runAudited(method: Method, params: unknown, context: MethodContext): Promise<MethodReply> {
    const record = (outcome: string) => context.gateway.audit.record(this.#origin, method.name, outcome);
    try {
      // Audited methods never reply in steps: their replies are short.
      const reply = await (method.run(params, context) as MethodReply | Promise<MethodReply>);
      record('done');
      return reply;
    } catch (error) {
      record(error instanceof SessionError ? error.code : 'INTERNAL');
      throw error;
    }
  }

  get #origin(): AuditOrigin {
    const { owner, role } = this.#context;
    return { client: owner, via: this.#via, role };
  }
}

export interface InternalCallerOptions {
  readonly hub: Hub;
  readonly gateway: GatewayFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** Name of the caller, for the audit and for fairness between clients. */
  readonly name: string;
  readonly role: Role;
}

export interface MethodCall {
  readonly name: string;
  readonly params: unknown;
  /** The caller's own label for the deliveries that the call starts. */
  readonly tag?: string;
}

export type CallOutcome =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: SessionError };

/** Calls from inside the gateway: objects in, objects out. There is no `subscribe`: callers read the hub's feed. */
export class InternalCaller {
  readonly #caller: MethodCaller;
  readonly #deliveries: DeliveryWaiters;
  readonly #ended = new AbortController();
  readonly #unsubscribe: () => void;
  #unanswered = 0;

  constructor({ hub, gateway, clock, log, name, role }: InternalCallerOptions) {
    const { signal } = this.#ended;
    // Each pending read listens to it.
    setMaxListeners(MAX_UNANSWERED, signal);
    this.#deliveries = new DeliveryWaiters(hub, clock);
    const context = { hub, gateway, clock, owner: name, signal, role, subscriptions: undefined };
    this.#caller = new MethodCaller({ ...context, deliveries: this.#deliveries }, name, log);
    this.#unsubscribe = hub.feed.subscribe((event) => {
      if (event.kind === 'delivery') this.#deliveries.onStage(event.delivery);
    });
  }

  /**
   * `onOutcome` is called once: immediately, unless the method has to wait. A result may contain a `LongList` or
   * `RawJson` in place of an array: write it with `writeJson`.
   */
  call({ name, params, tag }: MethodCall, onOutcome: (outcome: CallOutcome) => void): void {
    const refuse = (error: unknown) => onOutcome({ error: this.refusalOf(error, name) });
    let result: CallResult;
    try {
      if (this.#unanswered >= MAX_UNANSWERED) throw new SessionError('TOO_MANY_REQUESTS');
      result = this.#caller.call(name, params, tag);
      if ('next' in result) result = runToEnd(result);
    } catch (error) {
      refuse(error);
      return;
    }
    if (result instanceof Promise) this.#await(result, onOutcome, refuse);
    else onOutcome({ result: result.result });
  }

  /** The error for the caller, from a call or from writing its result. */
  refusalOf(error: unknown, name: string): SessionError {
    return this.#caller.refusalOf(error, name);
  }

  close(): void {
    this.#ended.abort();
    this.#unsubscribe();
    this.#deliveries.close();
  }

  #await(
    reply: Promise<MethodReply>,
    onOutcome: (outcome: CallOutcome) => void,
    refuse: (error: unknown) => void,
  ): void {
    this.#unanswered++;
    reply.finally(() => this.#unanswered--).then(({ result }) => onOutcome({ result }), refuse);
  }
}

function runToEnd(work: Work<MethodReply>): MethodReply {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
