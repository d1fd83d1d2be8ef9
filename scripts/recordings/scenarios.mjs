/**
 * The scenarios of test/recordings/: what the root is, and how long it is recorded. `openRoot` is given the clock and
 * the tables, and gives an `OpenLink`.
 */
import { disturbed, interrupted } from './disturbances.mjs';
import { load } from './load.mjs';
import { scriptedRoot } from './scripted-root.mjs';
import { GENERATION_1, GENERATION_2, GENERATION_3 } from './scripts-by-generation.mjs';

const { bootLog, infoLine } = await load('simulator/boot-log.js');
const { Random } = await load('simulator/random.js');
const { openLinkTo } = await load('simulator/simulated-link.js');
const { VirtualMesh } = await load('simulator/virtual-mesh.js');

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const scenarios = {
  /** Starts, is provisioned, reports; nodes go and come back; somebody asks for a robot. */
  'normal-day': {
    lastsMs: 10 * MINUTE,
    openRoot: virtualMesh({ nodes: 3, seed: 11, rateHz: 1 / 60, churn: 0.3, loss: 0.02 }),
  },
  /** The root restarts while it sends: half a frame, the boot log, Root Reset. Twice. */
  'reboot-in-a-frame': {
    lastsMs: MINUTE,
    openRoot: ({ clock, tables }) => {
      const mesh = new VirtualMesh({ clock, tables, nodes: 3, seed: 12, rateHz: 0.5, churn: 0 });
      return disturbed(openLinkTo(mesh), cutAt([20 * SECOND, 40.3 * SECOND], clock, mesh));
    },
  },
  /** What the firmware prints stands between the frames, and right up against them. */
  'boot-text': {
    lastsMs: 40 * SECOND,
    openRoot: virtualMesh({ nodes: 2, seed: 13, rateHz: 0.5, churn: 0 }, () => textBetween()),
  },
  /** Nothing for 15 s, then all of it at once, in the pieces that a full buffer of the system comes in. */
  burst: {
    lastsMs: 22 * SECOND,
    openRoot: virtualMesh({ nodes: 42, seed: 14, rateHz: 0.02, churn: 0 }, dammedUp),
  },
  /** Firmware of the three generations. */
  'generation-1': { lastsMs: MINUTE, openRoot: scriptedRoot(GENERATION_1) },
  'generation-2': { lastsMs: MINUTE, openRoot: scriptedRoot(GENERATION_2) },
  'generation-3': { lastsMs: MINUTE, openRoot: scriptedRoot(GENERATION_3) },
  /** A bad cable: of 50 bytes one has a bit turned over, and of 100 one is lost. */
  'corrupted-bytes': {
    lastsMs: 2 * MINUTE,
    openRoot: virtualMesh({ nodes: 3, seed: 15, rateHz: 0.5, churn: 0 }, () =>
      badCable(Random.of(15, 'cable')),
    ),
  },
  /**
   * The root falls silent, and nothing wakes it; it is unplugged, and another board comes back under another name; the
   * host clock is set meanwhile.
   */
  'link-lost': {
    lastsMs: 5.5 * MINUTE,
    openRoot: ({ clock, tables }) => {
      const mesh = new VirtualMesh({ clock, tables, nodes: 2, seed: 16, rateHz: 0.1, churn: 0 });
      clock.after(4 * MINUTE, () => clock.setHostClock(clock.now() + 90 * MINUTE));
      return interrupted(openLinkTo(mesh), {
        clock,
        silentFromMs: 30 * SECOND,
        unpluggedFromMs: 3.5 * MINUTE,
        backFromMs: 4.5 * MINUTE,
      });
    },
  },
};

/** A virtual mesh; `disturb` makes something that takes each piece from the root, and gives the pieces that come. */
function virtualMesh(options, disturb) {
  return ({ clock, tables }) => {
    const link = openLinkTo(new VirtualMesh({ clock, tables, ...options }));
    return disturb ? disturbed(link, disturb(clock)) : link;
  };
}

/** Only half of the first piece after each moment is sent, then the root restarts. */
function cutAt(moments, clock, mesh) {
  const waiting = [...moments];
  return (chunk, send) => {
    if (clock.monotonic() < (waiting[0] ?? Number.POSITIVE_INFINITY)) return send(chunk);
    waiting.shift();
    send(chunk.subarray(0, Math.ceil(chunk.length / 2)));
    mesh.root.boot('restart');
  };
}

/** Before each frame another kind of text. */
function textBetween() {
  const texts = [
    infoLine(1234, 'BLE_MESH', 'a line of its own'),
    'a line that is not ended',
    ', and ends here\r\n',
    bootLog('restart')
      .map(({ text }) => text)
      .join(''),
    `${'a line that is longer than any that is shown in one piece '.repeat(12)}\n`,
    Buffer.from([0x00, 0x07, 0xc3, 0x28, 0xfe, 0xf0, 0x1b, 0x5b, 0x0a]),
    '\n\n\r\n',
  ];
  let next = 0;
  return (chunk, send) => {
    const text = Buffer.from(texts[next++ % texts.length]);
    const [first, second] = next % 2 === 0 ? [text, chunk] : [Buffer.concat([text, chunk]), undefined];
    send(first);
    if (second) send(second);
  };
}

function dammedUp(clock) {
  const PIECE = 4096;
  let held = [];
  clock.after(15 * SECOND, () => {
    const bytes = Buffer.concat(held.map(({ chunk }) => chunk));
    const send = held.at(-1)?.send;
    held = undefined;
    for (let at = 0; at < bytes.length; at += PIECE) send?.(bytes.subarray(at, at + PIECE));
  });
  return (chunk, send) => {
    if (held) held.push({ chunk: Buffer.from(chunk), send });
    else send(chunk);
  };
}

function badCable(random) {
  return (chunk, send) => {
    const bytes = [...chunk].flatMap((byte) => {
      if (random.chance(1 / 100)) return [];
      return [random.chance(1 / 50) ? byte ^ (1 << random.int(0, 7)) : byte];
    });
    if (bytes.length > 0) send(Buffer.from(bytes));
  };
}
