import { Random } from '../random.js';
import { drawFrom } from '../span.js';
import type { VirtualMesh } from '../virtual-mesh.js';
import { startEpisodes } from './episodes.js';
import type { FaultContext } from './fault.js';
import type { FaultPlan } from './fault-plan.js';

/** All nodes send at a high rate for a while. */
export function startStorms(
  { seed, timeline, counters, onBegin, onEnd }: FaultContext,
  { after_s: after, for_s: lasting, rate_hz: rateHz }: NonNullable<FaultPlan['storm']>,
  mesh: VirtualMesh,
): void {
  const random = Random.of(seed, 'faults', 'storm');
  startEpisodes({ timeline, random, after }, (done) => {
    counters.add('storms');
    onBegin(`a storm: ${rateHz} updates per second from each node`);
    mesh.storm(rateHz);
    const lastsMs = drawFrom(random, lasting);
    timeline.after(lastsMs, () => {
      mesh.storm(undefined);
      onEnd('storms', lastsMs);
      done();
    });
  });
}
