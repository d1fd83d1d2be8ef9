/** A bench whose stage carries out what it is told, in real time. */
import type { GatewayHub } from '../../src/hub/gateway-hub.js';
import type { DeviceFacts, Source } from '../../src/hub/source.js';
import { CAMERA, FIRST_STAGE, MOVE, STATE } from './commanded-bench.js';

export const PICTURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Of `move`: it is rejected, and it takes until it is aborted. */
export const TOO_FAR = 66;
export const FOR_EVER = 99;

/** A device needs a moment to answer; at once, the reply to the command would be the refusal. */
const REJECTS_AFTER_MS = 50;

const FACTS: DeviceFacts = {
  description: 'Stage of the bench',
  commands: [
    MOVE,
    { name: 'home', summary: 'Find the origin', arguments: [], role: 'admin' },
    { name: 'calibrate', summary: 'Measure the scale, without an end', arguments: [] },
  ],
};

/** Opens a source with the device `stage`, up, idle and with a picture. */
export function startMovingBench(hub: GatewayHub): Source {
  const source = hub.openSource({
    name: 'motion',
    kind: 'motion',
    onCommand: (run) => {
      const { position } = run.arguments;
      if (position === TOO_FAR) {
        setTimeout(() => run.fail('rejectedByDevice', 'beyond the end stop'), REJECTS_AFTER_MS);
        return;
      }
      run.accept();
      run.progress({ fraction: 0.45, text: 'on the way' });
      run.signal.addEventListener('abort', () => run.aborted());
      if (position !== FOR_EVER && run.name !== 'calibrate') run.complete({ position: position ?? 0 });
    },
  });
  source.declare([CAMERA, STATE]);
  source.addDevice(FIRST_STAGE, 'stage', FACTS);
  source.setLink({ state: 'up', since: Date.now(), name: 'bench.local:5000' });
  source.report(FIRST_STAGE, STATE, Buffer.from([1]));
  source.report(FIRST_STAGE, CAMERA, PICTURE);
  return source;
}
