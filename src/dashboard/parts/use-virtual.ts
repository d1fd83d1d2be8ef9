/** Which rows of a long list are in view: only they are in the page. */
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond the edges, so that the keyboard and a fast wheel find some. */
const OVERSCAN = 6;

export interface VirtualRows {
  /** For the element that scrolls. */
  readonly ref: (element: HTMLElement | null) => void;
  readonly onScroll: () => void;
  /** First row, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  /** For the tbody: the room of the rows that are not in the page, see style.css. */
  readonly style: { readonly '--before': string; readonly '--behind': string };
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
    setView((known) =>
      known.top === top && known.height === clientHeight ? known : { top, height: clientHeight },
    );
  }, [rowHeight]);
  const ref = useCallback((given: HTMLElement | null) => {
    element.current = given;
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
      '--before': `${first * rowHeight}px`,
      '--behind': `${Math.max(0, count - end) * rowHeight}px`,
    },
    scrollToEnd,
    isAtEnd,
  };
}
