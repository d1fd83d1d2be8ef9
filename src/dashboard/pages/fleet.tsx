import { FLEET_HREF, type GatewaySummary, gatewayHref, useFleet } from '../fleet.js';
import { formatCount, formatUptime } from '../format.js';
import { GatewaySelect } from '../parts/gateway-select.js';
import { LINK_WORDS } from '../parts/link-words.js';
import { PageTitle } from '../parts/page-title.js';
import { ThemeButton } from '../parts/theme-button.js';
import { TokenForm } from '../parts/token-form.js';
import { keepToken, readToken } from '../parts/token-prompt.js';
import { STATUSES } from '../store/store.js';

const POLL_EVERY_MS = 2000;

/** All gateways of a fleet: the state of each, and a link to its own page. */
export function FleetApp() {
  const { gateways, at, state } = useFleet(POLL_EVERY_MS);
  if (state === 'denied') return <FleetToken />;
  return (
    <div class={`app ${state === 'lost' ? 'is-stale' : ''}`}>
      <header class="top">
        <div class="bar">
          <a class="brand" href={FLEET_HREF}>
            meshgate
          </a>
          <GatewaySelect />
          <span class="bar-space" />
          <ThemeButton />
        </div>
      </header>
      {state === 'lost' && (
        <div class="banner" role="alert">
          <strong>Connection to the monitor lost.</strong>
          <span>Retrying automatically. The data below may be out of date.</span>
        </div>
      )}
      <main id="main">
        <div class="page">
          <PageTitle title="Gateways">
            {gateways && <p class="muted count-line">{countLine(gateways)}</p>}
          </PageTitle>
          {gateways && gateways.length > 0 ? (
            <GatewayTable gateways={gateways} at={at} />
          ) : (
            <p class="placeholder">{gateways ? 'No gateways on this broker.' : 'Loading…'}</p>
          )}
        </div>
      </main>
    </div>
  );
}

function countLine(gateways: readonly GatewaySummary[]): string {
  const online = gateways.filter(({ state }) => state === 'online').length;
  const nodes = gateways.reduce((sum, each) => sum + (each.nodes?.total ?? 0), 0);
  return `${online} of ${gateways.length} online, ${formatCount(nodes, 'node')}`;
}

function GatewayTable({
  gateways,
  at,
}: {
  readonly gateways: readonly GatewaySummary[];
  readonly at: number;
}) {
  return (
    <div class="scroll-x">
      <table class="plain wide gateways" aria-label="Gateways">
        <thead>
          <tr>
            <th scope="col">Gateway</th>
            <th scope="col">State</th>
            <th scope="col">Link</th>
            <th scope="col">Nodes</th>
            {STATUSES.map((status) => (
              <th key={status} scope="col" class="wide-only">
                {status}
              </th>
            ))}
            <th scope="col">Open alarms</th>
            <th scope="col" class="wide-only">
              Host
            </th>
          </tr>
        </thead>
        <tbody>
          {gateways.map((each) => (
            <GatewayRow key={each.id} gateway={each} at={at} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function GatewayRow({ gateway, at }: { readonly gateway: GatewaySummary; readonly at: number }) {
  const { id, state, since, link, nodes, openAlarms, host } = gateway;
  const tone = state === 'offline' ? 'bad' : link === 'up' ? 'good' : 'unknown';
  return (
    <tr>
      <th scope="row">
        <a href={gatewayHref(id)}>{id}</a>
      </th>
      <td>
        <span class={`lamp lamp-${tone}`} aria-hidden="true" /> {state}
        {since !== null && <span class="muted"> for {formatUptime(Math.max(0, at - since))}</span>}
      </td>
      <td>{link ? LINK_WORDS[link] : '–'}</td>
      <td class="figure">{nodes?.total ?? '–'}</td>
      {STATUSES.map((status) => (
        <td key={status} class={`figure wide-only ${nodes?.byStatus[status] ? '' : 'muted'}`}>
          {nodes?.byStatus[status] ?? '–'}
        </td>
      ))}
      <td class="figure">{openAlarms ?? '–'}</td>
      <td class="wide-only muted">{host}</td>
    </tr>
  );
}

function FleetToken() {
  const reload = (token: string) => {
    keepToken(token);
    location.reload();
  };
  return (
    <TokenForm
      text="This page requires a token. It is set in the configuration of meshgate monitor."
      refusal={readToken() === undefined ? undefined : 'The monitor rejected the token.'}
      onToken={reload}
    />
  );
}
