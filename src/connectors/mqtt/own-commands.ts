/** Commands that replace the session's `subscribe`: a program that reads the event topics begins with a picture. */

import { describeEvent, describeSnapshot } from '../../api/describe.js';
import { SessionError } from '../../api/errors.js';
import { FeedReader } from '../../hub/feed-reader.js';
import type { Hub } from '../../hub/hub.js';

type Params = Readonly<Record<string, unknown>>;
type OwnCommand = (params: Params, hub: Hub, now: number) => object;

/** Events in one answer. */
const MAX_EVENTS = 1000;
const DEFAULT_EVENTS = 256;

export const OWN_COMMANDS: ReadonlyMap<string, OwnCommand> = new Map([
  ['snapshot', snapshot],
  ['events', events],
]);

/** The whole picture, as of event `seq`. */
function snapshot(params: Params, hub: Hub, now: number): object {
  return Object.keys(params).length > 0
    ? badParams('snapshot has none')
    : { result: describeSnapshot(hub, now) };
}

/** What is still held of the events after `since`, `limit` of them at most, and what is gone. */
function events({ since, limit = DEFAULT_EVENTS, ...others }: Params, hub: Hub): object {
  const isWrong = !isWhole(since, 0, Number.MAX_SAFE_INTEGER) || !isWhole(limit, 1, MAX_EVENTS);
  if (isWrong || Object.keys(others).length > 0) {
    return badParams(`since must be a number of an event, and limit 1 to ${MAX_EVENTS}`);
  }
  const { events, gap } = new FeedReader(hub.feed, since).read(limit);
  return { result: { seq: hub.feed.lastSeq(), gone: gap ?? null, events: events.map(describeEvent) } };
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function badParams(detail: string): object {
  const { code, message } = new SessionError('BAD_PARAMS', detail);
  return { error: { code, message } };
}
