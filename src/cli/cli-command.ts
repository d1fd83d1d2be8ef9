import { Command } from 'commander';

/**
 * Which gateways a command is for. `all`: of every gateway of a fleet, unless one is named; `one`: one must be named;
 * `own`: does itself what there is to do; `socket`: a gateway of this machine only. A command without a reach takes no
 * fleet, and what the environment says of one is not for it.
 */
export type Reach = 'all' | 'one' | 'own' | 'socket';

/** A command that knows which gateways it is for; its subcommands are of the same class. */
export class CliCommand extends Command {
  #reach: Reach | undefined;

  get reach(): Reach | undefined {
    return this.#reach;
  }

  /** The options of a fleet are for it too. */
  get isForFleet(): boolean {
    return this.#reach !== undefined && this.#reach !== 'socket';
  }

  reaching(reach: Reach): this {
    this.#reach = reach;
    return this;
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }
}
