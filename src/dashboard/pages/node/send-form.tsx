import { useId, useState } from 'preact/hooks';
import { errorText, type Result } from '../../api.js';
import { DeliveryList, type SentMessage } from '../../parts/deliveries.js';
import { useSession } from '../../store/context.js';
import type { MeshSession } from '../../store/session.js';

type Format = 'text' | 'hex';

/** Maximum message length that an edge node accepts. */
const MAX_BYTES = 256;
/** Number of sent messages whose stages are shown. */
const SENT_SHOWN = 5;

interface Draft {
  readonly format: Format;
  readonly message: string;
  readonly isTracked: boolean;
}

/** `to`: an address, or undefined for all nodes. */
export function SendForm({ to }: { readonly to: number | undefined }) {
  const session = useSession();
  const [draft, setDraft] = useState<Draft>({ format: 'text', message: '', isTracked: true });
  const [awaitsAnswer, setAwaitsAnswer] = useState(true);
  const [sent, setSent] = useState<readonly SentMessage[]>([]);
  const [failure, setFailure] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const problem = findProblem(draft);
    setFailure(problem);
    if (problem) return;
    try {
      const delivery = await post(session, to, draft);
      session.store.setDelivery(delivery);
      session.store.notify();
      const message = {
        id: delivery.id,
        awaitsAnswer: awaitsAnswer && to !== undefined,
        text: draft.message,
      };
      setSent((earlier) => [message, ...earlier].slice(0, SENT_SHOWN));
    } catch (error) {
      setFailure(errorText(error));
    }
  };
  const change = (part: Partial<Draft>) => setDraft((previous) => ({ ...previous, ...part }));
  return (
    <form
      class="send"
      aria-label={to === undefined ? 'Send to all nodes' : 'Send to this node'}
      onSubmit={(event) => void submit(event)}
    >
      <MessageField draft={draft} change={change} failure={failure} />
      <div class="send-options">
        {to !== undefined && (
          <>
            <Check
              label="Tracked"
              title="The root retransmits the message, up to 3 times"
              checked={draft.isTracked}
              onChange={(isTracked) => change({ isTracked })}
            />
            <Check
              label="Wait for an answer"
              title="An Ack from the node"
              checked={awaitsAnswer}
              onChange={setAwaitsAnswer}
            />
          </>
        )}
        <button type="submit" class="button primary">
          Send
        </button>
      </div>
      <DeliveryList sent={sent} />
    </form>
  );
}

interface MessageFieldProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly failure: string;
}

function MessageField({ draft: { format, message }, change, failure }: MessageFieldProps) {
  const id = useId();
  return (
    <>
      <div class="send-line">
        <input
          type="text"
          class={format === 'hex' ? 'mono' : ''}
          aria-label="Message"
          aria-invalid={failure !== ''}
          aria-describedby={failure ? id : undefined}
          placeholder={format === 'hex' ? '45 01 02' : 'Message'}
          autocomplete="off"
          spellcheck={false}
          value={message}
          onInput={({ currentTarget }) => change({ message: currentTarget.value })}
        />
        <fieldset class="choice">
          <legend class="hidden">Message format</legend>
          {(['text', 'hex'] as const).map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="form"
                checked={format === name}
                onChange={() => change({ format: name })}
              />
              {name === 'text' ? 'Text' : 'Hex'}
            </label>
          ))}
        </fieldset>
      </div>
      {failure && (
        <p class="failure" id={id} role="alert">
          {failure}
        </p>
      )}
    </>
  );
}

interface CheckProps {
  readonly label: string;
  readonly title: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

function Check({ label, title, checked, onChange }: CheckProps) {
  return (
    <label class="check" title={title}>
      <input
        type="checkbox"
        checked={checked}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {label}
    </label>
  );
}

function cleanHex(text: string): string {
  return text.replace(/0x|[\s,:]/gi, '');
}

/** Why the message can't be sent, for the user; empty if it can. */
function findProblem({ format, message }: Draft): string {
  const hex = cleanHex(message);
  if (message === '') return 'Enter a message.';
  if (format === 'hex' && !/^([0-9a-f]{2})+$/i.test(hex))
    return 'Invalid hex: use two digits per byte, such as 45 01 02.';
  const length = format === 'hex' ? hex.length / 2 : new TextEncoder().encode(message).length;
  return length > MAX_BYTES ? `The message is too long: ${length} bytes, maximum ${MAX_BYTES}.` : '';
}

function post(
  session: MeshSession,
  to: number | undefined,
  { format, message, isTracked }: Draft,
): Promise<Result<'send'>> {
  const body = format === 'hex' ? { hex: cleanHex(message) } : { text: message };
  if (to === undefined) return session.call('broadcast', { ...body, until: 'queued' });
  return session.call('send', { node: to, ...body, tracked: isTracked, until: 'queued' });
}
