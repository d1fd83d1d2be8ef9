import { useState } from 'preact/hooks';
import { formatDateTime } from '../format.js';
import { Card } from '../parts/card.js';
import { ConfirmDialog } from '../parts/confirm-dialog.js';
import { PageTitle } from '../parts/page-title.js';
import { RefreshButton } from '../parts/refresh-button.js';
import { useMayAct, useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';
import { Clients } from './gateway-clients.js';
import { Counters } from './gateway-counters.js';
import { SendForm } from './node/send-form.js';

export function GatewayPage() {
  const mayAct = useMayAct();
  return (
    <div class="page">
      <PageTitle title="Gateway" />
      <div class="node-columns">
        <div class="column">
          <Facts />
          {mayAct && (
            <>
              <Card title="Send to all nodes">
                <SendForm to={undefined} />
              </Card>
              <RootActions />
            </>
          )}
        </div>
        <div class="column">
          <Clients />
          <Counters />
        </div>
      </div>
    </div>
  );
}

function Facts() {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.link);
  const { version, startedAt, role } = session;
  const { link } = session.store;
  return (
    <Card title="Facts">
      <dl class="facts">
        <dt>Version</dt>
        <dd>{version || '–'}</dd>
        <dt>Started</dt>
        <dd>{startedAt === undefined ? '–' : formatDateTime(startedAt)}</dd>
        <dt>Port</dt>
        <dd>{link?.port ?? 'none'}</dd>
        <dt>Link</dt>
        <dd>{link ? `${link.state} since ${formatDateTime(link.since)}` : '–'}</dd>
        {link?.detail && (
          <>
            <dt>Reason</dt>
            <dd>{link.detail}</dd>
          </>
        )}
        <dt>This page may</dt>
        <dd>{role === 'read' ? 'read' : role === 'send' ? 'read and send' : 'read, send and reset'}</dd>
      </dl>
    </Card>
  );
}

function RootActions() {
  const session = useSession();
  const [asked, setAsked] = useState<'reset' | 'clean'>();
  const close = () => setAsked(undefined);
  const count = session.store.nodes.size;
  return (
    <Card title="The root">
      <div class="actions">
        <RefreshButton what="nodes" />
        <button type="button" class="button" onClick={() => setAsked('reset')}>
          Reset root…
        </button>
        <button type="button" class="button danger" onClick={() => setAsked('clean')}>
          Clean…
        </button>
      </div>
      {asked === 'reset' && (
        <ConfirmDialog
          title="Reset the root?"
          action="Reset root"
          onConfirm={() => session.call('resetRoot', {})}
          onClose={close}
        >
          <p>
            The root restarts, which takes some seconds. Messages on their way are lost, and all {count} nodes
            count as disconnected until they are heard again. Nothing is forgotten.
          </p>
        </ConfirmDialog>
      )}
      {asked === 'clean' && (
        <ConfirmDialog
          title="Clean the network?"
          action="Forget every node"
          onConfirm={() => session.call('clean', { confirm: true })}
          onClose={close}
        >
          <p>
            The root forgets its network and restarts. All {count} nodes are forgotten, here and in the root;
            each has to be provisioned again. This can’t be undone.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
