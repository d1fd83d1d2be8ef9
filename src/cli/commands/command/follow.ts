/** Follows a command to its end: a line for each stage. */
import type { CommandInfo, CommandParams, DeliveryInfo, MeshgateClient } from '../../../client/index.js';
import { RequestError } from '../../../client/index.js';
import { EXIT, endWith, reportFailure } from '../../exit-codes.js';
import { currentView, type GatewayScope, note, print } from '../../output.js';
import { formatDeliveryStage } from '../../text/event-line.js';
import type { View } from '../../text/terminal.js';
import { laterHint } from './format-command.js';

export interface Followed {
  readonly client: MeshgateClient;
  readonly scope: GatewayScope;
  readonly definition: CommandInfo;
  readonly params: CommandParams;
  readonly json: boolean;
}

/**
 * Sets the exit code: 0 only for `completed`. The first Ctrl-C aborts the command if it can be aborted, and otherwise
 * ends the following; SIGTERM only ends the following.
 */
export async function follow({ client, scope, definition, params, json }: Followed): Promise<void> {
  const following = new AbortController();
  const interrupt = new Interrupt(client, definition, following);
  let last: DeliveryInfo | undefined;
  interrupt.listen();
  try {
    for await (const delivery of client.followCommand(params, { signal: following.signal })) {
      last = delivery;
      interrupt.onStarted(delivery.id);
      if (json) scope.printJsonLine(delivery);
      else print(`${formatDeliveryStage(delivery, wholeLines(scope.gateway))}\n`);
    }
    if (last?.stage !== 'completed') endWith(EXIT.failed);
  } catch (error) {
    if (following.signal.aborted) {
      endWith(EXIT.failed);
      const later = last ? laterHint(last.id, currentView(scope.gateway)) : 'its delivery is not known yet';
      note(`meshgate: no longer followed; the command goes on\n${later}`);
      return;
    }
    if (last?.stage !== 'failed' || !(error instanceof RequestError)) throw error;
    // Its reason is in the line of the last stage.
    endWith(reportFailure(error, () => {}));
  } finally {
    interrupt.forget();
  }
}

/** Lines are not shortened: the reason of a failure is at their end. */
function wholeLines(gateway: string | undefined): View {
  const view = currentView(gateway);
  return { ...view, terminal: { ...view.terminal, columns: undefined } };
}

/** What Ctrl-C and SIGTERM do meanwhile. A second Ctrl-C ends the process. */
class Interrupt {
  readonly #client: MeshgateClient;
  readonly #definition: CommandInfo;
  readonly #following: AbortController;
  #id: string | undefined;
  #isWanted = false;

  constructor(client: MeshgateClient, definition: CommandInfo, following: AbortController) {
    this.#client = client;
    this.#definition = definition;
    this.#following = following;
  }

  listen(): void {
    process.once('SIGINT', this.#onInterrupt);
    process.once('SIGTERM', this.#onTerminate);
  }

  forget(): void {
    process.off('SIGINT', this.#onInterrupt);
    process.off('SIGTERM', this.#onTerminate);
  }

  /** Its id is known: an abort that was wanted before is sent. */
  onStarted(id: string): void {
    const isFirst = this.#id === undefined;
    this.#id = id;
    if (isFirst && this.#isWanted) this.#abort(id);
  }

  readonly #onInterrupt = () => {
    if (!this.#definition.abortable) {
      this.#following.abort();
      return;
    }
    note('meshgate: aborting the command; press Ctrl-C again to quit without waiting for it');
    this.#isWanted = true;
    if (this.#id !== undefined) this.#abort(this.#id);
  };

  readonly #onTerminate = () => this.#following.abort();

  /** A refusal is only reported: the command has ended meanwhile, and its last stage comes. */
  #abort(id: string): void {
    this.#client.abort(id).catch((error: unknown) => {
      reportFailure(error, (text) => note(text.trimEnd()));
    });
  }
}
