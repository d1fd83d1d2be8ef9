/** Which gateway of a fleet the command is about that runs: it runs for several at once. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface GatewayScope {
  readonly gateway: string;
  /** Takes what would be printed as this gateway's JSON: one object tells all of them. */
  readonly onJson: (value: unknown) => void;
}

const scopes = new AsyncLocalStorage<GatewayScope>();

export function inScope<Result>(scope: GatewayScope, run: () => Result): Result {
  return scopes.run(scope, run);
}

/** Undefined without a fleet. */
export function currentScope(): GatewayScope | undefined {
  return scopes.getStore();
}

export function currentGateway(): string | undefined {
  return currentScope()?.gateway;
}
