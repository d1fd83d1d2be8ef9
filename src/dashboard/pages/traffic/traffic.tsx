import { useMemo, useState } from 'preact/hooks';
import { LogTable } from '../../parts/log-table.js';
import { PageTitle } from '../../parts/page-title.js';
import { useSession } from '../../store/context.js';
import { useSlowTopic } from '../../store/topic.js';
import { type LineKind, type LogLine, MAX_LINES } from '../../store/traffic-log.js';
import { download } from './download.js';

/** Lines are shown at most this often; nobody reads faster. */
const RENEW_EVERY_MS = 100;

const KINDS: Readonly<Record<LineKind, string>> = {
  message: 'Messages',
  command: 'Commands',
  console: 'Console',
  note: 'Notes',
};

export function TrafficPage() {
  const { store } = useSession();
  const version = useSlowTopic(store.topics.traffic, RENEW_EVERY_MS);
  const [held, setHeld] = useState<readonly LogLine[]>();
  const [search, setSearch] = useState('');
  const [hidden, setHidden] = useState<ReadonlySet<LineKind>>(new Set());
  const [showsHex, setShowsHex] = useState(false);
  const all = useMemo(() => held ?? store.log.lines.toArray(), [store, held, version]);
  const lines = useMemo(() => filterLines(all, search, hidden), [all, search, hidden]);
  const hold = () => setHeld(store.log.lines.toArray());
  const newest = store.log.lines.last?.id ?? 0;
  const isBehind = held !== undefined && newest > (held.at(-1)?.id ?? 0);
  return (
    <div class="page page-fixed">
      <PageTitle title="Traffic">
        <search class="toolbar">
          <input
            type="search"
            aria-label="Filter traffic"
            placeholder="Node, name or content"
            value={search}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
          <KindChoice hidden={hidden} onChange={setHidden} />
          <label class="check">
            <input
              type="checkbox"
              checked={showsHex}
              onChange={({ currentTarget }) => setShowsHex(currentTarget.checked)}
            />
            Hex
          </label>
          <button type="button" class="button pause" onClick={() => (held ? setHeld(undefined) : hold())}>
            {held ? 'Resume' : 'Pause'}
          </button>
          <button type="button" class="button" onClick={() => download(lines)}>
            Download
          </button>
        </search>
        <p class="muted count-line" data-testid="shown-count">
          {lines.length} of at most {MAX_LINES} lines{isBehind ? ' · paused, there are newer ones' : ''}
        </p>
      </PageTitle>
      <LogTable
        lines={lines}
        label="Traffic"
        showsHex={showsHex}
        isHeld={held !== undefined}
        onLeaveEnd={hold}
      />
    </div>
  );
}

interface KindChoiceProps {
  readonly hidden: ReadonlySet<LineKind>;
  readonly onChange: (hidden: ReadonlySet<LineKind>) => void;
}

function KindChoice({ hidden, onChange }: KindChoiceProps) {
  const toggle = (kind: LineKind) => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    onChange(next);
  };
  return (
    <fieldset class="choice">
      <legend class="hidden">Kinds</legend>
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
