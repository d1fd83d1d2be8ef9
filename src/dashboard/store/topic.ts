/** What a part of the store says when it has changed; a component that uses it renders again, once a frame at most. */
import { useLayoutEffect, useState } from 'preact/hooks';

export class Topic {
  readonly #listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Renders the component again whenever the topic is told of; returns how often it was. */
export function useTopic(topic: Topic): number {
  const [count, setCount] = useState(0);
  useLayoutEffect(() => topic.subscribe(() => setCount((count) => count + 1)), [topic]);
  return count;
}

/** As `useTopic`, at most once in `ms`: for what is costly to show and need not be quick. */
export function useSlowTopic(topic: Topic, ms: number): number {
  const [count, setCount] = useState(0);
  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let renewedAt = 0;
    const renew = () => {
      timer = undefined;
      renewedAt = performance.now();
      setCount((count) => count + 1);
    };
    const unsubscribe = topic.subscribe(() => {
      timer ??= setTimeout(renew, Math.max(0, renewedAt + ms - performance.now()));
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [topic, ms]);
  return count;
}
