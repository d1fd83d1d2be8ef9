import { useId, useState } from 'preact/hooks';
import { errorText, type Result } from '../../api.js';
import { DeliveryList, type SentMessage } from '../../parts/deliveries.js';
import { useSession } from '../../store/context.js';
import type { MeshSession } from '../../store/session.js';

type Form = 'text' | 'hex';

/** Bytes that an edge device takes. */
const MAX_BYTES = 256;
/** Messages of this form whose stages are shown. */
const SENT_SHOWN = 5;

interface Wishes {
  readonly form: Form;
  readonly message: string;
  readonly isTracked: boolean;
}

/** `to`: an address, or undefined for all nodes. */
export function SendForm({ to }: { readonly to: number | undefined }) {
  const session = useSession();
  const [wishes, setWishes] = useState<Wishes>({ form: 'text', message: '', isTracked: true });
  const [waits, setWaits] = useState(true);
  const [sent, setSent] = useState<readonly SentMessage[]>([]);
  const [failure, setFailure] = useState('');
  const submit = async (event: Event) => {
    event.preventDefault();
    const problem = findProblem(wishes);
    setFailure(problem);
    if (problem) return;
    try {
      const delivery = await post(session, to, wishes);
      session.store.setDelivery(delivery);
      session.store.tell();
      const message = { id: delivery.id, waits: waits && to !== undefined, text: wishes.message };
      setSent((earlier) => [message, ...earlier].slice(0, SENT_SHOWN));
    } catch (error) {
      setFailure(errorText(error));
    }
  };
  const change = (part: Partial<Wishes>) => setWishes((known) => ({ ...known, ...part }));
  return (
    <form
      class="send"
      aria-label={to === undefined ? 'Send to all nodes' : 'Send to this node'}
      onSubmit={(event) => void submit(event)}
    >
      <MessageField wishes={wishes} change={change} failure={failure} />
      <div class="send-options">
        {to !== undefined && (
          <>
            <Check
              label="Tracked"
              title="The root sends it again, up to 3 times"
              checked={wishes.isTracked}
              onChange={(isTracked) => change({ isTracked })}
            />
            <Check
              label="Wait for an answer"
              title="An Ack of the node"
              checked={waits}
              onChange={setWaits}
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
  readonly wishes: Wishes;
  readonly change: (part: Partial<Wishes>) => void;
  readonly failure: string;
}

function MessageField({ wishes: { form, message }, change, failure }: MessageFieldProps) {
  const id = useId();
  return (
    <>
      <div class="send-line">
        <input
          type="text"
          class={form === 'hex' ? 'mono' : ''}
          aria-label="Message"
          aria-invalid={failure !== ''}
          aria-describedby={failure ? id : undefined}
          placeholder={form === 'hex' ? '45 01 02' : 'Message'}
          autocomplete="off"
          spellcheck={false}
          value={message}
          onInput={({ currentTarget }) => change({ message: currentTarget.value })}
        />
        <fieldset class="choice">
          <legend class="hidden">Form of the message</legend>
          {(['text', 'hex'] as const).map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="form"
                checked={form === name}
                onChange={() => change({ form: name })}
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

/** What is wrong with it, in words; empty when nothing is. */
function findProblem({ form, message }: Wishes): string {
  const hex = cleanHex(message);
  if (message === '') return 'Write a message first.';
  if (form === 'hex' && !/^([0-9a-f]{2})+$/i.test(hex)) return 'Hex has two digits a byte, such as 45 01 02.';
  const length = form === 'hex' ? hex.length / 2 : new TextEncoder().encode(message).length;
  return length > MAX_BYTES ? `The message has ${length} bytes; an edge device takes ${MAX_BYTES}.` : '';
}

function post(
  session: MeshSession,
  to: number | undefined,
  { form, message, isTracked }: Wishes,
): Promise<Result<'send'>> {
  const body = form === 'hex' ? { hex: cleanHex(message) } : { text: message };
  if (to === undefined) return session.call('broadcast', { ...body, until: 'queued' });
  return session.call('send', { node: to, ...body, tracked: isTracked, until: 'queued' });
}
