import { useMemo, useState } from 'preact/hooks';
import { LogTable } from '../../parts/log-table.js';
import { PageTitle } from '../../parts/page-title.js';
import { useSession } from '../../store/context.js';
import { useSlowTopic } from '../../store/topic.js';
import { type LineKind, type LogLine, MAX_LINES } from '../../store/traffic-log.js';
import { download } from './download.js';

/** Lines are updated at most this often; nobody reads faster. */
const UPDATE_EVERY_MS = 100;

const KINDS: Readonly<Record<LineKind, string>> = {
  message: 'Messages',
  command: 'Commands',
  console: 'Console',
  note: 'Notes',
};

export function TrafficPage() {
  const { store } = useSession();
  const version = useSlowTopic(store.topics.traffic, UPDATE_EVERY_MS);
  const [paused, setPaused] = useState<readonly LogLine[]>();
  const [search, setSearch] = useState('');
  const [hidden, setHidden] = useState<ReadonlySet<LineKind>>(new Set());
  const [showsHex, setShowsHex] = useState(false);
  const all = useMemo(() => paused ?? store.log.lines.toArray(), [store, paused, version]);
  const lines = useMemo(() => filterLines(all, search, hidden), [all, search, hidden]);
  const pause = () => setPaused(store.log.lines.toArray());
  const newest = store.log.lines.last?.id ?? 0;
  const hasNewer = paused !== undefined && newest > (paused.at(-1)?.id ?? 0);
  return (
    <div class="page page-fixed">
      <PageTitle title="Traffic">
        <search class="toolbar">
          <input
            type="search"
            aria-label="Filter traffic"
            placeholder="Node, device, name or content"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
          <KindFilter hidden={hidden} onChange={setHidden} />
          <label class="check">
            <input
              type="checkbox"
              checked={showsHex}
              onChange={({ currentTarget }) => setShowsHex(currentTarget.checked)}
            />
            Hex
          </label>
          <button
            type="button"
            class="button pause"
            onClick={() => (paused ? setPaused(undefined) : pause())}
          >
            {paused ? 'Resume' : 'Pause'}
          </button>
          <button type="button" class="button" onClick={() => download(lines)}>
            Download
          </button>
        </search>
        <p class="muted count-line" data-testid="shown-count">
          {lines.length === all.length ? '' : `${lines.length} of `}
          {all.length} lines (maximum {MAX_LINES}){hasNewer ? ' · paused, new lines waiting' : ''}
        </p>
      </PageTitle>
      <LogTable
        lines={lines}
        label="Traffic"
        showsHex={showsHex}
        isPaused={paused !== undefined}
        onLeaveEnd={pause}
        emptyText={all.length === 0 ? 'No messages yet.' : 'No matching lines.'}
      />
    </div>
  );
}

interface KindFilterProps {
  readonly hidden: ReadonlySet<LineKind>;
  readonly onChange: (hidden: ReadonlySet<LineKind>) => void;
}

function KindFilter({ hidden, onChange }: KindFilterProps) {
  const toggle = (kind: LineKind) => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    onChange(next);
  };
  return (
    <fieldset class="choice">
      <legend class="hidden">Kinds of lines</legend>
      {(Object.entries(KINDS) as [LineKind, string][]).map(([kind, name]) => (
        <label key={kind}>
          <input type="checkbox" checked={!hidden.has(kind)} onChange={() => toggle(kind)} />
          {name}
        </label>
      ))}
    </fieldset>
  );
}

function filterLines(
  lines: readonly LogLine[],
  search: string,
  hidden: ReadonlySet<LineKind>,
): readonly LogLine[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && hidden.size === 0) return lines;
  return lines.filter(({ kind, source, name, text, hex }) => {
    if (hidden.has(kind)) return false;
    const content = `${source} ${name} ${text} ${hex}`.toLowerCase();
    return words.every((word) => content.includes(word));
  });
}
