import type { ComponentChildren } from 'preact';
import { TrendLine } from '../charts/trend-line.js';
import { isFleet } from '../fleet.js';
import { formatCount, formatUptime } from '../format.js';
import { useHostNow } from '../store/clock.js';
import { useSession } from '../store/context.js';
import { STATUSES } from '../store/store.js';
import { useSlowTopic, useTopic } from '../store/topic.js';
import { LastHeard } from './age.js';
import { GatewaySelect } from './gateway-select.js';
import { LINK_WORDS } from './link-words.js';
import { Nav } from './nav.js';
import { ThemeButton } from './theme-button.js';

/** Counts are updated at most this often. */
const COUNT_EVERY_MS = 250;

export function Header({ page }: { readonly page: string }) {
  return (
    <header class="top">
      <div class="bar">
        <a class="brand" href="#/nodes">
          meshgate
        </a>
        {isFleet && <GatewaySelect />}
        <Nav page={page} />
        <ThemeButton />
      </div>
      <dl class="strip">
        <LinkMetric />
        <RootMetric />
        <NodesMetric />
        <TrafficMetric />
        <UptimeMetric />
      </dl>
    </header>
  );
}

interface MetricProps {
  readonly label: string;
  readonly class: string;
  readonly children: ComponentChildren;
}

function Metric({ label, class: name, children }: MetricProps) {
  return (
    <div class={`metric ${name}`}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function LinkMetric() {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.link);
  const { link } = session.store;
  const isKnown = session.state === 'open' && link !== undefined;
  const tone = !isKnown ? 'unknown' : link.state === 'up' ? 'good' : 'bad';
  return (
    <Metric label="Link" class="metric-link">
      <output aria-label="Link">
        <span class={`lamp lamp-${tone}`} aria-hidden="true" />
        <span>{isKnown ? LINK_WORDS[link.state] : 'unknown'}</span>
        <span class="muted ellipsis" title={link?.port ?? ''}>
          {link?.port}
        </span>
      </output>
    </Metric>
  );
}

function RootMetric() {
  const { store } = useSession();
  useSlowTopic(store.topics.nodes, COUNT_EVERY_MS);
  const { lastHeardAt, resets } = store.root;
  return (
    <Metric label="Root" class="metric-root">
      <LastHeard at={lastHeardAt} />
      <span class="muted">{formatCount(resets, 'restart')}</span>
    </Metric>
  );
}

function NodesMetric() {
  const { store } = useSession();
  useSlowTopic(store.topics.nodes, COUNT_EVERY_MS);
  useTopic(store.topics.link);
  const counts = store.countStatuses();
  return (
    <Metric label="Nodes" class="metric-nodes">
      <a href="#/nodes" class="count">
        <b>{store.nodes.size}</b> total
      </a>
      {STATUSES.map((status) => (
        <a
          key={status}
          href={`#/nodes?status=${status}`}
          class={`count status-${status} ${counts[status] === 0 ? 'none' : ''}`}
        >
          <b>{counts[status]}</b> {status}
        </a>
      ))}
    </Metric>
  );
}

function TrafficMetric() {
  const { store } = useSession();
  const now = useHostNow();
  return (
    <Metric label="Traffic" class="metric-traffic">
      <span class="figure">{store.rate.perSecond(now).toFixed(1)}</span>
      <span>msg/s</span>
      <TrendLine points={store.rate.history(now)} label="Messages per second over the last minute" />
    </Metric>
  );
}

function UptimeMetric() {
  const session = useSession();
  useTopic(session.topic);
  const now = useHostNow();
  const { startedAt, state, version } = session;
  return (
    <Metric label="Gateway" class="metric-uptime">
      <span>{startedAt === undefined || state !== 'open' ? '–' : `up ${formatUptime(now - startedAt)}`}</span>
      <span class="muted">{version && `v${version}`}</span>
    </Metric>
  );
}
