import type { DeliveryInfo } from '../../api/shapes.js';
import { formatHex, formatTimeMs, hexAsText } from '../format.js';
import { useHostNow } from '../store/clock.js';
import { useSession } from '../store/context.js';
import { useTopic } from '../store/topic.js';

export interface SentMessage {
  /** The delivery's id. */
  readonly id: string;
  /** The user asked to wait for an answer. */
  readonly awaitsAnswer: boolean;
  readonly text: string;
}

/** An answer after this time is unlikely. */
const ANSWER_TIMEOUT_MS = 5000;

/** The messages with their stages so far. */
export function DeliveryList({ sent }: { readonly sent: readonly SentMessage[] }) {
  const { store } = useSession();
  useTopic(store.topics.deliveries);
  return (
    <ol class="deliveries" aria-label="Deliveries" aria-live="polite">
      {sent.map((message) => {
        const delivery = store.deliveries.get(message.id);
        return delivery && <Delivery key={message.id} delivery={delivery} message={message} />;
      })}
    </ol>
  );
}

function Delivery({ delivery, message }: { readonly delivery: DeliveryInfo; readonly message: SentMessage }) {
  const { answer, failure, detail, roundTripMs } = delivery;
  return (
    <li class="delivery" data-testid="delivery" data-stage={delivery.stage}>
      <span class="ellipsis delivery-text">{message.text}</span>
      <ol class="stages" aria-label="Stages">
        {delivery.stages.map(({ stage, at }) => (
          <li key={`${stage}-${at}`} class={`stage stage-${stage}`} title={formatTimeMs(at)}>
            {stage}
          </li>
        ))}
        {message.awaitsAnswer && delivery.stage === 'written' && (
          <Waiting since={delivery.stages.at(-1)?.at ?? 0} />
        )}
      </ol>
      {failure && <span class="bad">Failed: {detail ?? failure}.</span>}
      {answer !== null && (
        <span class="good">
          Answered in {Math.round(roundTripMs ?? 0)} ms: {hexAsText(answer) ?? formatHex(answer)}
        </span>
      )}
    </li>
  );
}

function Waiting({ since }: { readonly since: number }) {
  const isOver = useHostNow() - since > ANSWER_TIMEOUT_MS;
  return <li class="stage stage-waiting">{isOver ? 'no answer within 5 s' : 'waiting for an answer…'}</li>;
}
