import { useEffect, useRef } from 'preact/hooks';
import { AlarmsPage } from './pages/alarms.js';
import { DevicePage } from './pages/device/device.js';
import { DevicesPage } from './pages/devices/devices.js';
import { GatewayPage } from './pages/gateway.js';
import { MapPage } from './pages/map.js';
import { NodePage } from './pages/node/node.js';
import { NodesPage } from './pages/nodes/nodes.js';
import { RobotsPage } from './pages/robots.js';
import { TopologyPage } from './pages/topology.js';
import { TrafficPage } from './pages/traffic/traffic.js';
import { Banner } from './parts/banner.js';
import { Header } from './parts/header.js';
import { PageTitle } from './parts/page-title.js';
import { TokenPrompt } from './parts/token-prompt.js';
import { type Route, useRoute } from './router.js';
import { useSession } from './store/context.js';
import { useTopic } from './store/topic.js';

export function App() {
  const session = useSession();
  useTopic(session.topic);
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const pageKey = `${route.page}/${route.id ?? ''}`;
  useFocusOnMove(pageKey, main);
  if (session.state === 'denied') return <TokenPrompt />;
  return (
    <div class={`app ${session.state === 'lost' ? 'is-stale' : ''}`}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header page={route.page} />
      <Banner />
      <main id="main" ref={main} tabIndex={-1} key={pageKey}>
        <Page route={route} />
      </main>
    </div>
  );
}

function Page({ route: { page, id, query } }: { readonly route: Route }) {
  switch (page) {
    case 'nodes':
      return id === undefined ? <NodesPage query={query} /> : <NodePage address={Number(id)} />;
    case 'devices':
      return id === undefined ? <DevicesPage query={query} /> : <DevicePage id={id} />;
    case 'map':
      return <MapPage query={query} />;
    case 'topology':
      return <TopologyPage query={query} />;
    case 'traffic':
      return <TrafficPage />;
    case 'robots':
      return <RobotsPage />;
    case 'alarms':
      return <AlarmsPage />;
    case 'gateway':
      return <GatewayPage />;
    default:
      return (
        <div class="page">
          <PageTitle title="Page not found" />
          <p class="placeholder">
            <a href="#/nodes">All nodes</a>
          </p>
        </div>
      );
  }
}

/** Focuses the content of a new page: the element that had the focus is gone. */
function useFocusOnMove(pageKey: string, main: { readonly current: HTMLElement | null }): void {
  const previous = useRef(pageKey);
  useEffect(() => {
    if (previous.current !== pageKey) main.current?.focus();
    previous.current = pageKey;
  }, [pageKey, main]);
}
