/** Notices that a serial device may have appeared. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type CancelTimer, type Clock, systemClock } from '../base/clock.js';
import { parsePortSpec } from './port-choice.js';

/** Changes come in bursts, and udev sets the group and creates the links shortly after the device appears. */
const HINT_AFTER_MS = [50, 500] as const;

/**
 * Calls `onChange` when a file is created or removed in the directory where the wanted port would appear: a hint that
 * opening it may succeed. The directory is that of a path, or its nearest existing parent; /dev for `auto` and
 * `usb:…`. The hint comes 50 ms after the change and again after 500 ms, at most twice in 500 ms. Never throws: if
 * watching is impossible, there are no hints. Does not keep the process alive. Returns a function that stops watching.
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

/** Ignores `change` events: each write to a device in /dev is one. */
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
