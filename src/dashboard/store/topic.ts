/** Announces changes of a part of the store; components that use it render again, at most once per frame. */
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

/** Renders the component when the topic is notified; returns the number of notifications. */
export function useTopic(topic: Topic): number {
  const [count, setCount] = useState(0);
  useLayoutEffect(() => topic.subscribe(() => setCount((count) => count + 1)), [topic]);
  return count;
}

/** Like `useTopic`, at most once per `ms`: for content that is costly to render and need not be immediate. */
export function useSlowTopic(topic: Topic, ms: number): number {
  const [count, setCount] = useState(0);
  useLayoutEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let renderedAt = 0;
    const render = () => {
      timer = undefined;
      renderedAt = performance.now();
      setCount((count) => count + 1);
    };
    const unsubscribe = topic.subscribe(() => {
      timer ??= setTimeout(render, Math.max(0, renderedAt + ms - performance.now()));
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [topic, ms]);
  return count;
}
