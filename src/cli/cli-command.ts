import { Command, type ErrorOptions, type Help } from 'commander';
import { cleanLines } from '../base/clean-text.js';

/**
 * Which gateways a command works on. `all`: every gateway of a fleet, unless one is named; `one`: exactly one, which
 * must be named; `own`: handles the fleet itself; `socket`: only a gateway on this machine. A command without a reach
 * takes no fleet and ignores MESHGATE_FLEET.
 */
export type Reach = 'all' | 'one' | 'own' | 'socket';

/** Complete command lines, each with what it does: `'meshgate nodes --status idle': 'nodes that are idle'`. */
export type Examples = Readonly<Record<string, string>>;

/** A command with a reach and with examples in its help; its subcommands are of the same class. */
export class CliCommand extends Command {
  #reach: Reach | undefined;
  #examples: Examples = {};

  constructor(name?: string) {
    super(name);
    this.addHelpText('after', () => formatExamples(this.#examples));
  }

  get reach(): Reach | undefined {
    return this.#reach;
  }

  /** The fleet options apply to it. */
  get isForFleet(): boolean {
    return this.#reach !== undefined && this.#reach !== 'socket';
  }

  /** The command lines of its examples. */
  get exampleLines(): readonly string[] {
    return Object.keys(this.#examples);
  }

  reaching(reach: Reach): this {
    this.#reach = reach;
    return this;
  }

  /** Shown at the end of `--help`. */
  examples(examples: Examples): this {
    this.#examples = examples;
    return this;
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  /** Shows the fleet options only where they apply. */
  override createHelp(): Help {
    return Object.assign(super.createHelp(), { showGlobalOptions: this.isForFleet });
  }

  /** Reports wrong usage in the form of every other failure. */
  override error(message: string, options?: ErrorOptions): never {
    const text = message.replace(/^error: /, '');
    return super.error(
      `meshgate: ${cleanLines(`${text}\nfor usage: ${pathOf(this)} --help`, '  ')}`,
      options,
    );
  }
}

function formatExamples(examples: Examples): string {
  const lines = Object.keys(examples);
  if (lines.length === 0) return '';
  const width = Math.max(...lines.map((line) => line.length));
  const rows = lines.map((line) => `  ${line.padEnd(width)}  ${examples[line]}`);
  return ['\nExamples:', ...rows].join('\n');
}

/** `meshgate alarms ack` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
