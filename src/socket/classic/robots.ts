import JSON5 from 'json5';
import * as z from 'zod';
import type { Robot } from '../../hub/hub.js';

/** Every dashboard shows the complete list: more robots than this are a mistake. */
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

/** Reads a robot list as JSON5, since existing clients send Python-style quotes; undefined if it is invalid. */
export function parseRobots(text: string): Robot[] | undefined {
  try {
    return robotsSchema.safeParse(JSON5.parse(text)).data;
  } catch {
    return undefined;
  }
}
