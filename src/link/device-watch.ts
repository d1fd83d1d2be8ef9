/** Notices that a serial device may have appeared. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type CancelTimer, type Clock, systemClock } from '../base/clock.js';
import { parsePortSpec } from './port-choice.js';

/** Many changes come together; and udev sets the group and makes the links only after the device is there. */
const HINT_AFTER_MS = [50, 500] as const;

/**
 * Calls `onChange` when something was made or removed where the wanted port would appear: a hint that it may be
 * there, worth an attempt to open it. That is the directory of a path, in its nearest existing parent while it
 * is not there, and /dev for `auto` and `usb:…`. The hint comes 50 ms after the change and once more after
 * 500 ms, at most twice in 500 ms. Never throws: where watching is impossible, no hint comes. Keeps no process
 * alive. Returns the end of it.
 */
export function watchForDevices(
  wanted: string,
  onChange: () => void,
  clock: Clock = systemClock,
): () => void {
  const spec = parsePortSpec(wanted);
  const directory = spec?.kind === 'path' ? dirname(resolve(spec.path)) : '/dev';
  let timers: readonly CancelTimer[] = [];
  let endWatch = watchNearest(directory, onEvent);

  function onEvent(): void {
    if (timers.length > 0) return;
    timers = HINT_AFTER_MS.map((ms, index) =>
      clock.after(ms, () => hint(index === HINT_AFTER_MS.length - 1)),
    );
  }

  function hint(isLast: boolean): void {
    if (isLast) timers = [];
    const endOld = endWatch;
    endWatch = watchNearest(directory, onEvent);
    endOld();
    onChange();
  }

  return () => {
    for (const cancel of timers) cancel();
    endWatch();
  };
}

/** Watches `directory`, or its nearest parent that can be watched. */
function watchNearest(directory: string, onEvent: () => void): () => void {
  for (let path = directory; ; path = dirname(path)) {
    const watcher = tryWatch(path, onEvent);
    if (watcher) return () => watcher.close();
    if (path === dirname(path)) return () => undefined;
  }
}

/** Only what is made, renamed or removed counts: writing to any device in /dev is a `change`. */
function tryWatch(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, (event) => {
      if (event === 'rename') onEvent();
    });
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
