import { useId, useRef, useState } from 'preact/hooks';
import type { CommandInfo, DeviceDetails } from '../../../api/shapes.js';
import { errorText, mayDo } from '../../api.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { useSession } from '../../store/context.js';
import type { MeshSession } from '../../store/session.js';
import { useTopic } from '../../store/topic.js';
import { ArgumentField } from './argument-field.js';
import { type ArgumentValues, firstDrafts, formatArgument, readArguments } from './argument-values.js';

interface Props {
  readonly device: DeviceDetails;
  readonly command: CommandInfo;
  readonly isOpen: boolean;
}

/** A form made from the command's description. Hazardous commands ask for confirmation. */
export function CommandForm({ device, command, isOpen }: Props) {
  const session = useSession();
  useTopic(session.topic);
  const { name, summary, arguments: args } = command;
  const id = useId();
  const reason = reasonAgainst(session, device, command);
  const form = useCommandForm(device, command);
  const button = (
    <button
      type="submit"
      class="button primary"
      disabled={reason !== '' || form.isBusy}
      aria-label={`Run ${name}`}
      aria-describedby={reason ? id : undefined}
    >
      {command.hazardous ? 'Run…' : 'Run'}
    </button>
  );
  return (
    <form ref={form.element} class="command" aria-label={name} noValidate onSubmit={form.submit}>
      {args.length === 0 ? (
        <div class="command-line">
          <CommandTitle command={command} />
          {button}
        </div>
      ) : (
        <details open={isOpen}>
          <summary>
            <CommandTitle command={command} />
          </summary>
          <div class="arguments">
            {args.map((argument) => (
              <ArgumentField
                key={argument.name}
                argument={argument}
                text={form.drafts[argument.name]?.text ?? ''}
                fault={form.faults[argument.name] ?? ''}
                isDisabled={reason !== ''}
                onChange={(text, isBad) => form.change(argument.name, { text, isBad })}
              />
            ))}
          </div>
          {button}
        </details>
      )}
      {reason && (
        <p class="muted command-reason" id={id}>
          {reason}
        </p>
      )}
      {form.failure && (
        <p class="failure" role="alert">
          {form.failure}
        </p>
      )}
      {form.confirming && (
        <ConfirmDialog
          title={`Run ${name} on ${device.id}?`}
          action={`Run ${name}`}
          onConfirm={() => form.run(form.confirming ?? {})}
          onClose={form.stopConfirming}
        >
          <p>
            {summary}. {HAZARD}
          </p>
          <Confirmed device={device} command={command} values={form.confirming} />
        </ConfirmDialog>
      )}
    </form>
  );
}

const HAZARD = 'This command moves, switches or heats something.';

function CommandTitle({ command: { name, summary, hazardous, role } }: { readonly command: CommandInfo }) {
  return (
    <span class="command-title">
      <strong class="mono">{name}</strong> <span class="muted">{summary}</span>
      {hazardous && (
        <span class="tag tag-warn" title={HAZARD}>
          hazardous
        </span>
      )}
      {role === 'admin' && <span class="tag">admin</span>}
    </span>
  );
}

/** Everything that will be sent, defaults included. */
function Confirmed({
  device,
  command,
  values,
}: {
  readonly device: DeviceDetails;
  readonly command: CommandInfo;
  readonly values: ArgumentValues;
}) {
  return (
    <dl class="facts confirmed">
      <dt>Device</dt>
      <dd>
        {device.id}
        {device.description ? `, ${device.description}` : ''}
      </dd>
      <dt>Command</dt>
      <dd>{command.name}</dd>
      {command.arguments.map(({ name, unit, default: value }) => {
        const given = values[name] ?? value;
        return (
          <div key={name} class="fact">
            <dt>{name}</dt>
            <dd>{given === null ? 'not set' : formatArgument(given, unit)}</dd>
          </div>
        );
      })}
    </dl>
  );
}

/** Why the command can't be run; empty if it can. */
function reasonAgainst(
  session: MeshSession,
  { source, status }: DeviceDetails,
  { role }: CommandInfo,
): string {
  if (session.state !== 'open') return 'Not connected to the gateway.';
  if (!mayDo(session.role, role)) return `Requires the role ${role}; this page has the role ${session.role}.`;
  return status === 'unknown' ? `No link to ${source}.` : '';
}

function useCommandForm(device: DeviceDetails, command: CommandInfo) {
  const session = useSession();
  const element = useRef<HTMLFormElement>(null);
  const [drafts, setDrafts] = useState(() => firstDrafts(command.arguments));
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [confirming, setConfirming] = useState<ArgumentValues>();
  const run = async (values: ArgumentValues) => {
    const request = { device: device.id, name: command.name, arguments: values, until: 'queued' as const };
    session.store.onCommands([await session.call('command', request)]);
    session.store.notify();
  };
  const runAtOnce = async (values: ArgumentValues) => {
    setBusy(true);
    await run(values).catch((error: unknown) => setFailure(errorText(error)));
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readArguments(command.arguments, drafts);
    setFaults(read.faults);
    setFailure('');
    const [first] = Object.keys(read.faults);
    if (first !== undefined) focusField(element.current, first);
    else if (command.hazardous) setConfirming(read.values);
    else void runAtOnce(read.values);
  };
  const change = (name: string, draft: { readonly text: string; readonly isBad: boolean }) => {
    setDrafts((before) => ({ ...before, [name]: draft }));
    setFaults(({ [name]: _, ...others }) => others);
  };
  const stopConfirming = () => setConfirming(undefined);
  return { element, drafts, faults, failure, isBusy, confirming, run, submit, change, stopConfirming };
}

function focusField(form: HTMLFormElement | null, name: string): void {
  const field = form?.elements.namedItem(name);
  if (field instanceof HTMLElement) field.focus();
}
