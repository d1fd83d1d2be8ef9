import { useEffect, useState } from 'preact/hooks';
import type { CommandInfo, DeliveryInfo } from '../../../api/shapes.js';
import { errorText, RequestError } from '../../api.js';
import { formatAge, formatTime, formatTimeMs } from '../../format.js';
import { Card } from '../../parts/card.js';
import { useHostNow } from '../../store/clock.js';
import { hasEnded, lastOf, startOf } from '../../store/command-log.js';
import { useMayAct, useSession } from '../../store/context.js';
import { useTopic } from '../../store/topic.js';
import { formatArgument } from './argument-values.js';
import { CommandResult } from './command-result.js';

/** Commands that are listed. */
const SHOWN = 20;

interface Props {
  readonly device: string;
  /** Commands that the device takes: their units, and whether they can be aborted. */
  readonly commands: readonly CommandInfo[];
}

/** Commands under way and those that have ended, newest first. */
export function CommandHistory({ device, commands }: Props) {
  const session = useSession();
  const { store } = session;
  useTopic(store.topics.deliveries);
  const failure = useListedCommands(device);
  const listed = store.commands.of(device).slice(0, SHOWN);
  if (commands.length === 0 && listed.length === 0) return null;
  return (
    <Card title="Command history">
      {failure && <p class="failure">{failure}</p>}
      <p class="hidden" role="status">
        {listed[0] && announcementOf(listed[0])}
      </p>
      {listed.length === 0 ? (
        <p class="muted">No commands since the gateway was started.</p>
      ) : (
        <ol class="command-history" aria-label="Command history">
          {listed.map((delivery) => (
            <Entry
              key={delivery.id}
              delivery={delivery}
              definition={commands.find(({ name }) => name === delivery.command?.name)}
              isLost={!hasEnded(delivery) && startOf(delivery) < (session.startedAt ?? 0)}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

/** Progress is not read out: it changes several times a second. */
function announcementOf({ command, stage }: DeliveryInfo): string {
  return `${command?.name}: ${stage === 'progress' ? 'accepted' : stage}`;
}

/** Asks for the device's commands: when the page opens, and after events were missed. Returns why it failed. */
function useListedCommands(device: string): string {
  const session = useSession();
  const { store } = session;
  useTopic(session.topic);
  useTopic(store.topics.devices);
  const [failure, setFailure] = useState('');
  const isOpen = session.state === 'open';
  useEffect(() => {
    if (!isOpen) return;
    session.call('deliveries', { device, limit: SHOWN }).then(
      ({ deliveries }) => {
        setFailure('');
        store.onCommands(deliveries);
        store.notify();
      },
      (error: unknown) => setFailure(isUnknownMethod(error) ? '' : errorText(error)),
    );
  }, [session, store, device, isOpen, store.snapshotSeq]);
  return failure;
}

/** A gateway of a fleet may be a version without this list; its events are enough until the page is reloaded. */
function isUnknownMethod(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'UNKNOWN_METHOD';
}

interface EntryProps {
  readonly delivery: DeliveryInfo;
  readonly definition: CommandInfo | undefined;
  readonly isLost: boolean;
}

function Entry({ delivery, definition, isLost }: EntryProps) {
  const { id, command, stage, stages, failure, detail, result } = delivery;
  const isRunning = !hasEnded(delivery) && !isLost;
  const name = command?.name ?? '';
  return (
    <li class="command-entry" data-delivery={id} data-stage={stage}>
      <div class="command-line">
        <span>
          <strong class="mono">{name}</strong> <Arguments delivery={delivery} definition={definition} />
        </span>
        <span class="muted figure">
          {formatTime(startOf(delivery))} <Duration delivery={delivery} isRunning={isRunning} />
        </span>
      </div>
      <ol class="stages" aria-label="Stages">
        {stages.map(({ stage, at }) => (
          <li key={stage} class={`stage stage-${stage}`} title={formatTimeMs(at)}>
            {stage}
          </li>
        ))}
      </ol>
      {isRunning && (
        <div class="command-line">
          <Progress delivery={delivery} />
          <AbortButton id={id} name={name} isAbortable={definition?.abortable} />
        </div>
      )}
      {isLost && <p class="bad">The gateway was restarted meanwhile: the outcome is unknown.</p>}
      {failure !== null && <p class="bad">Failed: {detail ?? failure}.</p>}
      {failure === null && detail !== undefined && <p class="muted">Note: {detail}.</p>}
      {result !== undefined && <CommandResult result={result} />}
    </li>
  );
}

function Arguments({ delivery, definition }: Omit<EntryProps, 'isLost'>) {
  const given = Object.entries(delivery.command?.arguments ?? {});
  const unitOf = (name: string) => definition?.arguments.find((argument) => argument.name === name)?.unit;
  return (
    <span class="muted">
      {given.map(([name, value]) => `${name} ${formatArgument(value, unitOf(name))}`).join(', ')}
    </span>
  );
}

function Duration({ delivery, isRunning }: { readonly delivery: DeliveryInfo; readonly isRunning: boolean }) {
  const now = useHostNow();
  const ms = (isRunning ? now : lastOf(delivery)) - startOf(delivery);
  return <span>· {isRunning ? `for ${formatAge(ms)}` : `took ${formatAge(ms)}`}</span>;
}

function Progress({ delivery: { command, progress, stage } }: { readonly delivery: DeliveryInfo }) {
  const { fraction, text } = progress ?? {};
  const waiting = stage === 'queued' ? 'waiting for the device to accept it…' : '';
  return (
    <span class="progress">
      <progress max={1} value={fraction} aria-label={`Progress of ${command?.name}`} />
      <span class="figure">{fraction === undefined ? '' : `${Math.round(fraction * 100)} %`}</span>
      <span class="muted">{text ?? waiting}</span>
    </span>
  );
}

interface AbortProps {
  readonly id: string;
  readonly name: string;
  /** Undefined if not known. */
  readonly isAbortable: boolean | undefined;
}

function AbortButton({ id, name, isAbortable }: AbortProps) {
  const session = useSession();
  const mayAct = useMayAct();
  const [isAborting, setAborting] = useState(false);
  const [failure, setFailure] = useState('');
  if (!mayAct) return null;
  const abort = async () => {
    setAborting(true);
    setFailure('');
    try {
      await session.call('abort', { delivery: id });
    } catch (error) {
      setFailure(errorText(error));
      setAborting(false);
    }
  };
  return (
    <span class="abort">
      {failure && (
        <span class="failure" role="alert">
          {failure}
        </span>
      )}
      {isAbortable === false && <span class="muted">cannot be aborted</span>}
      <button
        type="button"
        class="button small danger"
        aria-label={isAborting ? `Aborting ${name}` : `Abort ${name}`}
        disabled={isAbortable !== true || isAborting}
        onClick={() => void abort()}
      >
        {isAborting ? 'Aborting…' : 'Abort'}
      </button>
    </span>
  );
}
