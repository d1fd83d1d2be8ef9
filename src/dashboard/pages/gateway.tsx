import { useEffect, useState } from 'preact/hooks';
import type { Result } from '../api.js';
import { formatDateTime } from '../format.js';
import { Card } from '../parts/card.js';
import { ConfirmDialog } from '../parts/confirm-dialog.js';
import { LINK_WORDS } from '../parts/link-words.js';
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
          <Details />
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

function Details() {
  const session = useSession();
  useTopic(session.topic);
  useTopic(session.store.topics.link);
  const { version, startedAt, role } = session;
  const { link } = session.store;
  return (
    <Card title="Details">
      <dl class="facts">
        <dt>Version</dt>
        <dd>{version || '–'}</dd>
        <dt>Started</dt>
        <dd>{startedAt === undefined ? '–' : formatDateTime(startedAt)}</dd>
        <dt>Port</dt>
        <dd>{link?.port ?? 'none'}</dd>
        <dt>Link</dt>
        <dd>{link ? `${LINK_WORDS[link.state]} since ${formatDateTime(link.since)}` : '–'}</dd>
        {link?.detail && (
          <>
            <dt>Reason</dt>
            <dd>{link.detail}</dd>
          </>
        )}
        <HistoryDetails />
        <dt>Access</dt>
        <dd>{role === 'read' ? 'read' : role === 'send' ? 'read and send' : 'read, send and reset'}</dd>
      </dl>
    </Card>
  );
}

/** The method `status` gives file and error of the history; an alarm shows that the error has changed. */
function HistoryDetails() {
  const session = useSession();
  useTopic(session.topic);
  const alarms = useTopic(session.store.topics.alarms);
  const [history, setHistory] = useState<Result<'status'>['history']>();
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (isOpen)
      void session.call('status', {}).then(
        (status) => setHistory(status.history),
        () => {},
      );
  }, [session, isOpen, alarms]);
  if (!history) return null;
  return (
    <>
      <dt>History</dt>
      <dd>{history.file ?? 'in memory only'}</dd>
      {history.fault !== null && (
        <>
          <dt>History error</dt>
          <dd class="bad">{history.file === null ? history.fault : `not being written: ${history.fault}`}</dd>
        </>
      )}
    </>
  );
}

function RootActions() {
  const session = useSession();
  const [dialog, setDialog] = useState<'reset' | 'clean'>();
  const close = () => setDialog(undefined);
  const count = session.store.nodes.size;
  return (
    <Card title="Root">
      <div class="actions">
        <RefreshButton what="nodes" />
        <button type="button" class="button" onClick={() => setDialog('reset')}>
          Reset root…
        </button>
        <button type="button" class="button danger" onClick={() => setDialog('clean')}>
          Clean network…
        </button>
      </div>
      {dialog === 'reset' && (
        <ConfirmDialog
          title="Reset the root?"
          action="Reset root"
          onConfirm={() => session.call('resetRoot', {})}
          onClose={close}
        >
          <p>
            The root restarts, which takes a few seconds. Messages in transit are lost, and all {count} nodes
            are disconnected until they are heard again. No nodes or settings are deleted.
          </p>
        </ConfirmDialog>
      )}
      {dialog === 'clean' && (
        <ConfirmDialog
          title="Clean the network?"
          action="Clean network"
          onConfirm={() => session.call('clean', { confirm: true })}
          onClose={close}
        >
          <p>
            The root deletes its network and restarts. All {count} nodes are removed from the root and from
            this gateway, and must be provisioned again. This can’t be undone.
          </p>
        </ConfirmDialog>
      )}
    </Card>
  );
}
