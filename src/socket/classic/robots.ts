import JSON5 from 'json5';
import * as z from 'zod';
import type { Robot } from '../../hub/hub.js';

/** The list is shown whole on every dashboard: more robots than this are a mistake. */
const MAX_ROBOTS = 256;

/** `String(…)` of anything else would show `[object Object]` or `null` as a robot's name. */
const word = z.union([z.string(), z.number()]).transform(String);

const robotsSchema = z
  .array(
    z.object({
      id: z.union([z.number(), z.string()]),
      name: word,
      state: word,
      node: word,
    }),
  )
  .max(MAX_ROBOTS);

/** Reads a robot list as JSON5, since existing clients send Python-style quotes; undefined when it is none. */
export function parseRobots(text: string): Robot[] | undefined {
  try {
    return robotsSchema.safeParse(JSON5.parse(text)).data;
  } catch {
    return undefined;
  }
}
