import { CLIENT_KINDS } from '../../api/client-kind.js';
import type { Result } from '../api.js';
import { Age } from '../parts/age.js';
import { Card } from '../parts/card.js';
import { usePolled } from '../store/use-polled.js';

type Client = Result<'clients'>['clients'][number];

/** Connected clients: messages sent to each, and those missed by reading too slowly. */
export function Clients() {
  const clients = usePolled('clients')?.clients ?? [];
  return (
    <Card title="Clients">
      <div class="scroll-x">
        <table class="plain wide" aria-label="Clients">
          <thead>
            <tr>
              <th scope="col">Client</th>
              <th scope="col">Kind</th>
              <th scope="col">Access</th>
              <th scope="col">Connected</th>
              <th scope="col" class="number">
                Sent
              </th>
              <th scope="col" class="number">
                Queued bytes
              </th>
              <th scope="col" class="number">
                Dropped
              </th>
              <th scope="col" class="number">
                Coalesced
              </th>
            </tr>
          </thead>
          <tbody>
            {clients.map((client) => (
              <ClientRow key={client.name} client={client} />
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function ClientRow({ client }: { readonly client: Client }) {
  const { name, kind, role, connectedAt, sent, queuedBytes, dropped, coalesced } = client;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{CLIENT_KINDS[kind]}</td>
      <td>{role === 'admin' ? 'full' : (role ?? 'none')}</td>
      <td>
        <Age at={connectedAt} />
      </td>
      {[sent.messages, queuedBytes, dropped, coalesced].map((count, index) => (
        <td key={index} class="figure number">
          {count.toLocaleString()}
        </td>
      ))}
    </tr>
  );
}
