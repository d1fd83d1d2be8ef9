import type { AgedValue } from '../../../api/shapes.js';
import { formatAddress, formatDateTime, formatHex, formatNamed, isNamedAfterType } from '../../format.js';
import { Age } from '../../parts/age.js';
import { Card } from '../../parts/card.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { useSession } from '../../store/context.js';
import type { NodeRecord, StatusChange } from '../../store/node-record.js';
import { useTopic } from '../../store/topic.js';

export function NodeDetails({ record }: { readonly record: NodeRecord }) {
  const { store } = useSession();
  useTopic(store.topics.paths);
  const { address, uuid, lastHeardAt, values } = record.info;
  const paths = store.paths.filter(({ origin, target }) => origin === address || target === address);
  return (
    <Card title="Details">
      <dl class="facts">
        <dt>UUID</dt>
        <dd class="mono">{uuid ?? 'unknown'}</dd>
        <dt>Last heard</dt>
        <dd>{lastHeardAt === null ? 'never' : formatDateTime(lastHeardAt)}</dd>
        <dt>Paths</dt>
        <dd>
          {paths.length === 0
            ? 'none reported'
            : paths.map((path) => <PathItem key={`${path.origin}-${path.target}`} {...path} />)}
        </dd>
      </dl>
      {values.length === 0 ? <p class="muted">No values yet.</p> : <Values values={values} />}
    </Card>
  );
}

function PathItem({ origin, target }: { readonly origin: number; readonly target: number }) {
  return (
    <span class="mono path">
      {formatAddress(origin)} → {formatAddress(target)}
    </span>
  );
}

export function Values({ values }: { readonly values: readonly AgedValue[] }) {
  return (
    <table class="plain" aria-label="Latest values">
      <thead>
        <tr>
          <th scope="col">Type</th>
          <th scope="col">Value</th>
          <th scope="col" class="age-column">
            Age
          </th>
        </tr>
      </thead>
      <tbody>
        {values.map((value) => (
          <tr key={value.id} title={`Bytes: ${formatHex(value.bytes)}`}>
            <th scope="row">{value.type}</th>
            <td class="figure">
              {Object.entries(value.fields).map(([name, field]) => (
                <span key={name} class={`field-value ${typeof field.value === 'string' ? 'is-text' : ''}`}>
                  {!isNamedAfterType(name, value.type) && <span class="muted">{name} </span>}
                  {formatNamed(field)}
                  {field.name !== undefined && <span class="muted"> ({field.value})</span>}
                </span>
              ))}
            </td>
            <td class="figure age-column">
              <Age at={value.receivedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function StatusHistory({ record }: { readonly record: Pick<NodeRecord, 'changes' | 'topic'> }) {
  useTopic(record.topic);
  const changes = record.changes.toArray().reverse();
  return (
    <Card title="Status history">
      {changes.length === 0 ? (
        <p class="muted">No changes since this page was opened.</p>
      ) : (
        <ol class="history">
          {changes.map((change) => (
            <li key={change.seq}>
              <time class="figure muted" dateTime={new Date(change.at).toISOString()}>
                {formatDateTime(change.at)}
              </time>
              <ChangeText change={change} />
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

const CHANGE_TEXTS = {
  added: 'appeared',
  identified: 'UUID received',
  renamed: 'renamed',
  forgotten: 'forgotten',
} as const;

function ChangeText({ change: { change, status } }: { readonly change: StatusChange }) {
  if (change === 'status') return status ? <StatusBadge status={status} /> : null;
  return <span>{CHANGE_TEXTS[change]}</span>;
}
