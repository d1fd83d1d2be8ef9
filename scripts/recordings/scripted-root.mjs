/** A root that follows a script, for firmware that the virtual mesh does not have. */
import { load } from './load.mjs';

const { encodeFrame, FrameDecoder } = await load('uart/frame.js');

/** The firmware reads its UART in blocks, so answers take up to a second. */
const ANSWERS_AFTER_MS = 400;

/** `{ name, says: [[ms, body] …], answers: { NINFO: [body …] } }` → an `openRoot`. Bodies are bytes. */
export function scriptedRoot({ name, says, answers }) {
  return ({ clock }) =>
    async (handlers) => {
      const say = (body) =>
        handlers.onBytes(typeof body === 'string' ? Buffer.from(body) : encodeFrame(body));
      for (const [atMs, body] of says) clock.after(atMs, () => say(body));
      const decoder = new FrameDecoder({
        onFrame: (body) =>
          clock.after(ANSWERS_AFTER_MS, () => {
            for (const answer of answers[body.toString('latin1', 0, 5)] ?? []) say(answer);
          }),
        onOutside() {},
        onDrop() {},
        onNoise() {},
      });
      return { name, write: async (bytes) => decoder.push(bytes), close: async () => {} };
    };
}
