import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatHex, formatTimeMs, hexDump } from '../format.js';
import { deviceHref, nodeHref } from '../router.js';
import type { LogLine } from '../store/traffic-log.js';
import { NARROW, useMedia } from './use-media.js';
import { useVirtual, type VirtualRows } from './use-virtual.js';

/** px; the same as in styles/log.css. */
const ROW_HEIGHT = 24;

interface Props {
  readonly lines: readonly LogLine[];
  readonly label: string;
  /** Bytes instead of decoded content. */
  readonly showsHex: boolean;
  /** px; by default, the rest of the page. */
  readonly height?: number;
  /** The lines don't change. */
  readonly isPaused?: boolean;
  /** The user has scrolled up, away from the newest line. */
  readonly onLeaveEnd?: () => void;
  /** Shown when there are no lines. */
  readonly emptyText?: string;
}

/** Lines of the log, newest last. Follows the newest line until the user scrolls up. */
export function LogTable({
  lines,
  label,
  showsHex,
  height,
  isPaused = false,
  onLeaveEnd,
  emptyText = 'No messages yet.',
}: Props) {
  const rows = useVirtual(lines.length, ROW_HEIGHT);
  const [selected, setSelected] = useState<LogLine>();
  const isNarrow = useMedia(NARROW);
  const follow = useFollow(rows, { lines, isPaused, onLeaveEnd });
  return (
    <div class="log" style={height === undefined ? undefined : { height: `${height}px` }}>
      <section
        class="scroll"
        ref={follow.ref}
        onScroll={follow.onScroll}
        aria-label={`${label} (scrollable)`}
      >
        <table class="grid log-table" aria-label={label} aria-rowcount={lines.length + 1}>
          <Columns isNarrow={isNarrow} />
          <tbody style={rows.style}>
            {lines.slice(rows.first, rows.end).map((line, index) => (
              <Line
                key={line.id}
                line={line}
                index={rows.first + index + 2}
                showsHex={showsHex}
                isSelected={line === selected}
                isNarrow={isNarrow}
                onSelect={setSelected}
              />
            ))}
          </tbody>
        </table>
        {lines.length === 0 && <p class="placeholder">{emptyText}</p>}
      </section>
      {selected && <Detail line={selected} onClose={() => setSelected(undefined)} />}
    </div>
  );
}

interface FollowOptions {
  readonly lines: readonly LogLine[];
  readonly isPaused: boolean;
  readonly onLeaveEnd: (() => void) | undefined;
}

/** Keeps the newest line in view until the user scrolls up, and again once the log is resumed. */
function useFollow(rows: VirtualRows, { lines, isPaused, onLeaveEnd }: FollowOptions) {
  const follows = useRef(true);
  const lastTop = useRef(0);
  useLayoutEffect(() => {
    if (!isPaused) follows.current = true;
  }, [isPaused]);
  useLayoutEffect(() => {
    if (follows.current && !isPaused && lines.length > 0) rows.scrollToEnd();
  }, [lines, isPaused, rows.scrollToEnd]);
  const onScroll = ({ currentTarget: { scrollTop } }: { readonly currentTarget: HTMLElement }) => {
    if (rows.isAtEnd()) follows.current = true;
    else if (scrollTop < lastTop.current && follows.current) {
      follows.current = false;
      onLeaveEnd?.();
    }
    lastTop.current = scrollTop;
    rows.onScroll();
  };
  return { ref: rows.ref, onScroll };
}

function Columns({ isNarrow }: { readonly isNarrow: boolean }) {
  const names = isNarrow ? ['Time', 'From', 'Content'] : ['Time', 'Kind', 'From', 'Name', 'Content'];
  const widths = isNarrow ? [92, 76, 0] : [108, 84, 132, 96, 0];
  return (
    <>
      <colgroup>
        {widths.map((width, index) => (
          <col key={names[index]} style={width > 0 ? { width: `${width}px` } : undefined} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {names.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
    </>
  );
}

interface LineProps {
  readonly line: LogLine;
  readonly index: number;
  readonly showsHex: boolean;
  readonly isSelected: boolean;
  readonly isNarrow: boolean;
  readonly onSelect: (line: LogLine) => void;
}

function Line({ line, index, showsHex, isSelected, isNarrow, onSelect }: LineProps) {
  const { at, kind, source, name, text, hex } = line;
  const content = showsHex && hex !== '' ? formatHex(hex) : text;
  const href = hrefOf(line);
  return (
    <tr class={`line line-${kind}`} aria-rowindex={index} data-kind={kind}>
      <td>
        <button
          type="button"
          class="line-button"
          aria-pressed={isSelected}
          title="Show bytes"
          onClick={() => onSelect(line)}
        >
          {isNarrow ? formatTimeMs(at).slice(0, 8) : formatTimeMs(at)}
        </button>
      </td>
      {!isNarrow && <td class="kind">{kind}</td>}
      <td class="ellipsis">{href ? <a href={href}>{source}</a> : source}</td>
      {!isNarrow && <td class="ellipsis">{name}</td>}
      <td class="ellipsis content">
        {isNarrow && name ? `${name} ` : ''}
        {content}
      </td>
    </tr>
  );
}

/** The page of the node that a message is from, or of the device that a command is for. */
function hrefOf({ kind, node, device }: LogLine): string | undefined {
  if (device !== undefined) return deviceHref(device);
  return kind === 'message' && node !== undefined && node > 1 ? nodeHref(node) : undefined;
}

function Detail({ line, onClose }: { readonly line: LogLine; readonly onClose: () => void }) {
  return (
    <section class="detail" aria-label="Selected line">
      <div class="card-head">
        <h3>
          {line.name || line.kind} <span class="muted">{line.source}</span>
        </h3>
        <button type="button" class="button small" onClick={onClose}>
          Close
        </button>
      </div>
      <p class="detail-text">{line.text || '(no content)'}</p>
      {line.hex && <pre>{hexDump(line.hex)}</pre>}
    </section>
  );
}
