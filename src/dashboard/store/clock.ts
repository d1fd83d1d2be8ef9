/** The gateway's clock, estimated: ages are measured by the clock that made the timestamps. */
import { useEffect, useState } from 'preact/hooks';

let offsetMs = 0;

/** `now`: ms since the epoch, host clock, just received. */
export function setHostClock(now: number): void {
  offsetMs = now - Date.now();
}

/** ms since the epoch, host clock. */
export function hostNow(): number {
  return Date.now() + offsetMs;
}

const TICK_MS = 1000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The host's time, updated every second in all components at once. */
export function useHostNow(): number {
  const [, setCount] = useState(0);
  useEffect(() => {
    const listener = () => setCount((count) => count + 1);
    listeners.add(listener);
    timer ??= setInterval(tick, TICK_MS);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) stop();
    };
  }, []);
  return hostNow();
}

function tick(): void {
  for (const listener of [...listeners]) listener();
}

function stop(): void {
  clearInterval(timer);
  timer = undefined;
}
