import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatHex, formatTimeMs, hexDump } from '../format.js';
import { nodeHref } from '../router.js';
import type { LogLine } from '../store/traffic-log.js';
import { NARROW, useMedia } from './use-media.js';
import { useVirtual, type VirtualRows } from './use-virtual.js';

/** px; style.css has the same. */
const ROW_HEIGHT = 24;

interface Props {
  readonly lines: readonly LogLine[];
  readonly label: string;
  /** Bytes in place of what they mean. */
  readonly showsHex: boolean;
  /** px; the rest of the page unless given. */
  readonly height?: number;
  /** The lines stand still. */
  readonly isHeld?: boolean;
  /** The person has scrolled up to read. */
  readonly onLeaveEnd?: () => void;
}

/** Lines of the log, the newest below; it stays at the end until somebody scrolls up. */
export function LogTable({ lines, label, showsHex, height, isHeld = false, onLeaveEnd }: Props) {
  const rows = useVirtual(lines.length, ROW_HEIGHT);
  const [selected, setSelected] = useState<LogLine>();
  const isNarrow = useMedia(NARROW);
  const follow = useFollow(rows, { lines, isHeld, onLeaveEnd });
  return (
    <div class="log" style={height === undefined ? undefined : { height: `${height}px` }}>
      <section class="scroll" ref={follow.ref} onScroll={follow.onScroll} aria-label={`${label}, scrolling`}>
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
        {lines.length === 0 && <p class="placeholder">Nothing has come yet.</p>}
      </section>
      {selected && <Detail line={selected} onClose={() => setSelected(undefined)} />}
    </div>
  );
}

interface Following {
  readonly lines: readonly LogLine[];
  readonly isHeld: boolean;
  readonly onLeaveEnd: (() => void) | undefined;
}

/** Keeps the newest line in view, until the person scrolls up; again when the lines are let go on. */
function useFollow(rows: VirtualRows, { lines, isHeld, onLeaveEnd }: Following) {
  const follows = useRef(true);
  const lastTop = useRef(0);
  useLayoutEffect(() => {
    if (!isHeld) follows.current = true;
  }, [isHeld]);
  useLayoutEffect(() => {
    if (follows.current && !isHeld && lines.length > 0) rows.scrollToEnd();
  }, [lines, isHeld, rows.scrollToEnd]);
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
  const { at, kind, source, name, text, hex, node } = line;
  const content = showsHex && hex !== '' ? formatHex(hex) : text;
  const isOfNode = kind === 'message' && node !== undefined && node > 1;
  return (
    <tr class={`line line-${kind}`} aria-rowindex={index} data-kind={kind}>
      <td>
        <button
          type="button"
          class="line-button"
          aria-pressed={isSelected}
          title="Show the bytes"
          onClick={() => onSelect(line)}
        >
          {isNarrow ? formatTimeMs(at).slice(0, 8) : formatTimeMs(at)}
        </button>
      </td>
      {!isNarrow && <td class="kind">{kind}</td>}
      <td class="ellipsis">{isOfNode ? <a href={nodeHref(node)}>{source}</a> : source}</td>
      {!isNarrow && <td class="ellipsis">{name}</td>}
      <td class="ellipsis content">
        {isNarrow && name ? `${name} ` : ''}
        {content}
      </td>
    </tr>
  );
}

function Detail({ line, onClose }: { readonly line: LogLine; readonly onClose: () => void }) {
  return (
    <section class="detail" aria-label="Bytes of the line">
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
