/** Virtual scrolling: only the visible rows of a long list are in the page. */
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Extra rows above and below, for the keyboard and for fast scrolling. */
const OVERSCAN = 6;

export interface VirtualRows {
  /** For the scrolling element. */
  readonly ref: (element: HTMLElement | null) => void;
  readonly onScroll: () => void;
  /** The first visible row, and the row after the last. */
  readonly first: number;
  readonly end: number;
  /** For the tbody: the height of the rows left out, see styles/grid.css. */
  readonly style: { readonly '--above': string; readonly '--below': string };
  readonly scrollToEnd: () => void;
  readonly isAtEnd: () => boolean;
}

interface View {
  readonly top: number;
  readonly height: number;
}

/** `rowHeight`: px, the same for every row. */
export function useVirtual(count: number, rowHeight: number): VirtualRows {
  const element = useRef<HTMLElement | null>(null);
  const [view, setView] = useState<View>({ top: 0, height: 800 });
  const measure = useCallback(() => {
    const { scrollTop = 0, clientHeight = 0 } = element.current ?? {};
    const top = Math.floor(scrollTop / rowHeight) * rowHeight;
    setView((previous) =>
      previous.top === top && previous.height === clientHeight ? previous : { top, height: clientHeight },
    );
  }, [rowHeight]);
  const ref = useCallback((target: HTMLElement | null) => {
    element.current = target;
  }, []);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    return () => observer.disconnect();
  }, [measure]);
  const scrollToEnd = useCallback(() => {
    element.current?.scrollTo({ top: element.current.scrollHeight });
  }, []);
  const isAtEnd = useCallback(() => {
    const { scrollHeight = 0, scrollTop = 0, clientHeight = 0 } = element.current ?? {};
    return scrollHeight - scrollTop - clientHeight < 2 * rowHeight;
  }, [rowHeight]);
  const first = Math.max(0, Math.min(Math.floor(view.top / rowHeight) - OVERSCAN, count));
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN + 1);
  return {
    ref,
    onScroll: measure,
    first,
    end,
    style: {
      '--above': `${first * rowHeight}px`,
      '--below': `${Math.max(0, count - end) * rowHeight}px`,
    },
    scrollToEnd,
    isAtEnd,
  };
}
