/** All settings, by name: those of the section files, and sections of connectors and devices. */
import { resolve } from 'node:path';
import * as z from 'zod';
import { packageRoot } from '../base/package-root.js';
import { flag, path } from './fields.js';
import { clientsSection, ports, sockets } from './sections/clients.js';
import { httpSection } from './sections/http.js';
import { historySection, logSection, recorderSection } from './sections/keeping.js';
import { baud, portSpec, serialSection } from './sections/link.js';
import { mapSection } from './sections/map.js';
import { meshSection, names, recoverySection } from './sections/mesh.js';
import { simulationSection } from './sections/simulation.js';

const schema = z.strictObject({
  port: portSpec.default('auto'),
  baud: baud.default(115_200),
  /** Default: see `defaultSocketPath`. */
  socket: path.optional(),
  /** Ports of 127.0.0.1; none by default. */
  tcp: ports.default([]),
  sockets: sockets.default([]),
  /** Directory for persistent data. Default: see `defaultStateDirectory`. */
  state: path.optional(),
  simulate: flag.default(false),
  opcodes: path.default(resolve(packageRoot, 'opcodes.json')),
  data_types: path.default(resolve(packageRoot, 'data-types.json')),
  serial: serialSection.prefault({}),
  clients: clientsSection.prefault({}),
  mesh: meshSection.prefault({}),
  http: httpSection.prefault({}),
  recovery: recoverySection.prefault({}),
  history: historySection.prefault({}),
  map: mapSection.prefault({}),
  log: logSection.prefault({}),
  recorder: recorderSection.prefault({}),
  simulation: simulationSection.prefault({}),
  names: names.default(new Map()),
});

/** Every setting, checked. Names end in their unit; docs/configuration.md describes each. */
export type Config = z.output<typeof schema>;

/** Sections of connectors and devices, by name: a table, or a list of tables. */
export type ExtraSections = Readonly<Record<string, z.ZodObject | z.ZodArray<z.ZodType<object>>>>;

/** The schema of all settings. A missing section gets its defaults; a missing list is empty. */
export function composeSchema(extra: ExtraSections): z.ZodObject<typeof schema.shape, z.core.$strict> {
  const sections = Object.entries(extra).map(([name, section]) => {
    const filled = section instanceof z.ZodArray ? section.prefault([]) : section.prefault({});
    return [name, filled] as const;
  });
  return z.strictObject({ ...schema.shape, ...Object.fromEntries(sections) });
}
