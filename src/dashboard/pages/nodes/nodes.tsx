import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { formatCount } from '../../format.js';
import { PageTitle } from '../../parts/page-title.js';
import { deviceHref, setQuery } from '../../router.js';
import { useSession } from '../../store/context.js';
import { STATUSES } from '../../store/store.js';
import { useSlowTopic, useTopic } from '../../store/topic.js';
import { findDevices } from '../devices/find-devices.js';
import { NodesTable } from './nodes-table.js';
import { findColumns, findNodes, readNodesView } from './nodes-view.js';

/** Rows are reordered at most this often, so that they stay readable. */
const SORT_EVERY_MS = 1000;

export function NodesPage({ query }: { readonly query: URLSearchParams }) {
  const session = useSession();
  const { store } = session;
  const version = useSlowTopic(store.topics.nodes, SORT_EVERY_MS);
  const linkVersion = useTopic(store.topics.link);
  const view = readNodesView(query);
  const key = query.toString();
  const records = useMemo(() => findNodes(store, view), [store, key, version, linkVersion]);
  const columns = useMemo(() => findColumns(store), [store, version]);
  return (
    <div class="page page-fixed">
      <PageTitle title="Nodes">
        <Toolbar search={view.search} status={view.status ?? ''}>
          <SortSelect sort={query.get('sort') ?? 'address'} types={columns.map(({ type }) => type)} />
        </Toolbar>
        <MatchingDevices search={view.search} />
        <p class="muted count-line" data-testid="shown-count">
          {records.length === store.nodes.size ? '' : `${records.length} of `}
          {formatCount(store.nodes.size, 'node')}
        </p>
      </PageTitle>
      <NodesTable records={records} columns={columns} sort={view.sort} />
    </div>
  );
}

/** Devices that are found are linked. */
const DEVICES_LINKED = 5;

/** A search for a device may well begin here. */
function MatchingDevices({ search }: { readonly search: string }) {
  const { store } = useSession();
  useTopic(store.topics.devices);
  const found = search.trim() === '' ? [] : findDevices(store.devices.all(), search);
  if (found.length === 0) return null;
  return (
    <p class="muted" data-testid="matching-devices">
      Devices:{' '}
      {found.slice(0, DEVICES_LINKED).map(({ info: { id } }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <a href={deviceHref(id)}>{id}</a>
        </span>
      ))}
      {found.length > DEVICES_LINKED && `, and ${found.length - DEVICES_LINKED} more`}
    </p>
  );
}

interface ToolbarProps {
  readonly search: string;
  readonly status: string;
  readonly children: ComponentChildren;
}

function Toolbar({ search, status, children }: ToolbarProps) {
  const input = useRef<HTMLInputElement>(null);
  useSlashKey(input);
  return (
    <search class="toolbar">
      <input
        ref={input}
        type="search"
        aria-label="Search nodes"
        placeholder="Address, name, UUID or value"
        value={search}
        onInput={({ currentTarget }) => setQuery('search', currentTarget.value)}
      />
      <label class="inline-field">
        <span>Status</span>
        <select value={status} onChange={({ currentTarget }) => setQuery('status', currentTarget.value)}>
          <option value="">all</option>
          {STATUSES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {children}
    </search>
  );
}

interface SortSelectProps {
  readonly sort: string;
  /** Data types that have a column. */
  readonly types: readonly string[];
}

/** For phones, which have no room for the columns. */
function SortSelect({ sort, types }: SortSelectProps) {
  return (
    <label class="inline-field narrow-only">
      <span>Sort</span>
      <select value={sort} onChange={({ currentTarget }) => setQuery('sort', currentTarget.value)}>
        <option value="address">address</option>
        <option value="name">name</option>
        <option value="status">status</option>
        <option value="heard">last heard</option>
        {types.map((type) => (
          <option key={type} value={`-type:${type}`}>
            {type}, highest first
          </option>
        ))}
      </select>
    </label>
  );
}

/** `/` focuses the search field, as in other tools. */
function useSlashKey(input: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof Element && event.target.closest('input, select, textarea, dialog');
      if (event.key !== '/' || isTyping) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [input]);
}
