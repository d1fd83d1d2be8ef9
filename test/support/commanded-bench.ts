import type { CommandDefinition } from '../../src/hub/command-definition.js';
import type { CommandRun } from '../../src/hub/device-commands.js';
import type { GatewayHub } from '../../src/hub/gateway-hub.js';
import type { DeviceFacts, Source } from '../../src/hub/source.js';
import type { LinkState } from '../../src/link/link-keeper.js';
import type { DataType } from '../../src/protocol/data-types.js';

export const FIRST_STAGE = 0x10400;

/** Moves a stage; it can be aborted. */
export const MOVE: CommandDefinition = {
  name: 'move',
  summary: 'Move the stage',
  arguments: [
    { name: 'position', type: 'number', unit: 'mm', min: 0, max: 100 },
    { name: 'mode', type: 'choice', choices: ['fast', 'slow'], default: 'slow' },
    { name: 'steps', type: 'integer', optional: true, min: 1, max: 10 },
    { name: 'note', type: 'text', optional: true, max: 5 },
    { name: 'brake', type: 'boolean', optional: true },
  ],
  isHazardous: true,
  isAbortable: true,
};

const HOME: CommandDefinition = { name: 'home', summary: 'Find the origin', arguments: [], role: 'admin' };

export const CAMERA: DataType = {
  name: 'Camera',
  id: 0x140,
  length: 1_000_000,
  varying: true,
  fields: [],
  latestOnly: { mediaType: 'image/png' },
};

export const STATE: DataType = {
  name: 'StageState',
  id: 0x141,
  length: 1,
  varying: false,
  fields: [
    {
      name: 'state',
      type: 'u8',
      littleEndian: true,
      size: 1,
      offset: 0,
      scale: 1,
      names: { '0': 'IDLE', '1': 'MOVING' },
    },
  ],
};

/** A source of one device, `stage`, that keeps the commands that it is given. */
export class CommandedBench {
  readonly source: Source;
  readonly runs: CommandRun[] = [];
  readonly acknowledged: string[] = [];
  acceptsAtOnce = false;
  readonly #now: () => number;

  constructor(hub: GatewayHub, now: () => number, facts: DeviceFacts = {}) {
    this.#now = now;
    this.source = hub.openSource({
      name: 'motion',
      kind: 'motion',
      onCommand: (run) => {
        this.runs.push(run);
        if (this.acceptsAtOnce) run.accept();
      },
      onAcknowledged: (_address, code) => void this.acknowledged.push(code),
    });
    this.source.declare([CAMERA, STATE]);
    this.source.addDevice(FIRST_STAGE, 'stage', {
      description: 'Stage of the bench',
      commands: [MOVE, HOME],
      ...facts,
    });
  }

  link(state: LinkState): void {
    this.source.setLink({ state, since: this.#now() });
  }

  get lastRun(): CommandRun {
    const run = this.runs.at(-1);
    if (!run) throw new Error('no command has come');
    return run;
  }
}
