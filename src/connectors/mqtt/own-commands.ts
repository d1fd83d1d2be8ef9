/** Commands that replace the session's `subscribe`, for programs that read the event topics. */

import { describeEvent, describeSnapshot } from '../../api/describe.js';
import { SessionError } from '../../api/errors.js';
import { FeedReader } from '../../hub/feed-reader.js';
import type { Hub } from '../../hub/hub.js';

type Params = Readonly<Record<string, unknown>>;
type OwnCommand = (params: Params, hub: Hub, now: number) => object;

/** Events per answer. */
const MAX_EVENTS = 1000;
const DEFAULT_EVENTS = 256;

export const OWN_COMMANDS: ReadonlyMap<string, OwnCommand> = new Map([
  ['snapshot', snapshot],
  ['events', events],
]);

/** The complete picture, as of event `seq`. */
function snapshot(params: Params, hub: Hub, now: number): object {
  return Object.keys(params).length > 0
    ? badParams('snapshot takes no parameters')
    : { result: describeSnapshot(hub, now) };
}

/** The events after `since` that are still held, at most `limit` of them, and the range that is gone. */
function events({ since, limit = DEFAULT_EVENTS, ...others }: Params, hub: Hub): object {
  const isWrong =
    !isIntegerBetween(since, 0, Number.MAX_SAFE_INTEGER) || !isIntegerBetween(limit, 1, MAX_EVENTS);
  if (isWrong || Object.keys(others).length > 0) {
    return badParams(`since must be an event number, and limit 1 to ${MAX_EVENTS}`);
  }
  const { events, gap } = new FeedReader(hub.feed, since).read(limit);
  return { result: { seq: hub.feed.lastSeq(), gone: gap ?? null, events: events.map(describeEvent) } };
}

function isIntegerBetween(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function badParams(detail: string): object {
  const { code, message } = new SessionError('BAD_PARAMS', detail);
  return { error: { code, message } };
}
