import { FIELDS_HREF, fieldHref, type GatewaySummary, useFleet } from '../fleet.js';
import { formatUptime } from '../format.js';
import { FieldSelect } from '../parts/field-select.js';
import { PageTitle } from '../parts/page-title.js';
import { ThemeButton } from '../parts/theme-button.js';
import { TokenForm } from '../parts/token-form.js';
import { keepToken, readToken } from '../parts/token-prompt.js';
import { STATUSES } from '../store/store.js';

const ASK_EVERY_MS = 2000;

/** All gateways of a fleet: how each is, and the way to its own pages. */
export function FieldsApp() {
  const { gateways, at, state } = useFleet(ASK_EVERY_MS);
  if (state === 'denied') return <FleetToken />;
  return (
    <div class={`app ${state === 'lost' ? 'is-stale' : ''}`}>
      <header class="top">
        <div class="bar">
          <a class="brand" href={FIELDS_HREF}>
            meshgate
          </a>
          <FieldSelect />
          <span class="bar-room" />
          <ThemeButton />
        </div>
      </header>
      {state === 'lost' && (
        <div class="banner" role="alert">
          <strong>The connection to the monitor is lost; trying again.</strong>
          <span>What is shown may be out of date.</span>
        </div>
      )}
      <main id="main">
        <div class="page">
          <PageTitle title="Fields">
            {gateways && <p class="muted count-line">{countLine(gateways)}</p>}
          </PageTitle>
          {gateways && gateways.length > 0 ? (
            <FieldTable gateways={gateways} at={at} />
          ) : (
            <p class="placeholder">{gateways ? 'No gateway has been at this broker.' : 'Asking …'}</p>
          )}
        </div>
      </main>
    </div>
  );
}

function countLine(gateways: readonly GatewaySummary[]): string {
  const online = gateways.filter(({ state }) => state === 'online').length;
  const nodes = gateways.reduce((sum, each) => sum + (each.nodes?.total ?? 0), 0);
  return `${online} of ${gateways.length} online, ${nodes} nodes`;
}

function FieldTable({ gateways, at }: { readonly gateways: readonly GatewaySummary[]; readonly at: number }) {
  return (
    <div class="scroll-x">
      <table class="plain wide fields" aria-label="Fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Gateway</th>
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
            <FieldRow key={each.id} field={each} at={at} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FieldRow({ field, at }: { readonly field: GatewaySummary; readonly at: number }) {
  const { id, state, since, link, nodes, openAlarms, host } = field;
  const tone = state === 'offline' ? 'bad' : link === 'up' ? 'good' : 'unknown';
  return (
    <tr>
      <th scope="row">
        <a href={fieldHref(id)}>{id}</a>
      </th>
      <td>
        <span class={`lamp lamp-${tone}`} aria-hidden="true" /> {state}
        {since !== null && <span class="muted"> for {formatUptime(Math.max(0, at - since))}</span>}
      </td>
      <td>{link ?? '–'}</td>
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
      refusal={readToken() === undefined ? undefined : 'The monitor did not accept the token.'}
      onToken={reload}
    />
  );
}
