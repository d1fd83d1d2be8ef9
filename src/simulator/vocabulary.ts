import { MeshgateError } from '../base/errors.js';
import type { Opcodes } from '../protocol/opcodes.js';

/** The messages that a virtual root and its devices need, by their names in opcodes.json. */
const NAMES = {
  netInfo: 'NetInfo',
  nodeInfo: 'NodeInfo',
  rootReset: 'RootReset',
  pathInfo: 'PathInfo',
  data: 'Data',
  request: 'Request',
  echo: 'Echo',
  ack: 'Ack',
  test: 'Test',
  reset: 'Reset',
} as const;

/** Message → its opcode, 0x00–0xFF. */
export type Vocabulary = Readonly<Record<keyof typeof NAMES, number>>;

/** Finds the opcodes by name. Throws `BAD_TABLE` when one is missing. */
export function readVocabulary(opcodes: Opcodes): Vocabulary {
  const entries = Object.entries(NAMES).map(([key, name]) => {
    const message = opcodes.findMessageByName(name);
    if (!message)
      throw new MeshgateError(
        'BAD_TABLE',
        `the virtual mesh needs a message named ${name}; add it to opcodes.json`,
      );
    return [key, message.opcode];
  });
  return Object.fromEntries(entries) as Vocabulary;
}
