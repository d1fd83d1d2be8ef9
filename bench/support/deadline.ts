/** A benchmark that waits says for what, and not for ever. */
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/** Rejects when the promise takes longer. */
export async function within<Result>(ms: number, what: string, promise: Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const late = pause(ms, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`waited ${ms / 1000} s in vain for ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    controller.abort();
  }
}

/** Looks until it is so; false when that takes longer. */
export async function becomes(ms: number, check: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    if (await check()) return true;
    await pause(LOOK_EVERY_MS);
  }
  return false;
}
