/**
 * Loop detection: the classifier's answer, and the words of `LOOP_INFO` made from it. Boxes are `[minY, minX, maxY, maxX]`
 * as parts of the picture, from its upper left corner.
 */

export interface LoopSettings {
  /** Lowest score of a loop. */
  readonly threshold: number;
  /** Answers that are looked at, best first. */
  readonly scan: number;
}

interface Box {
  readonly minY: number;
  readonly minX: number;
  readonly maxY: number;
  readonly maxX: number;
}

interface Detection {
  readonly box: Box;
  readonly score: number;
  readonly name: string;
}

export interface LoopInfo {
  readonly isFound: boolean;
  readonly loop: Detection | undefined;
  readonly pin: Box | undefined;
}

const LOOPS: readonly string[] = ['nylon', 'mitegen'];
const DECIMALS = 5;

/** The prediction in an answer, and the key of the request that it is for; undefined if it is not an answer. */
export function readPrediction(
  answer: unknown,
  settings: LoopSettings,
): { readonly key: string | undefined; readonly info: LoopInfo } | undefined {
  const [prediction] = listIn(answer, 'predictions') ?? [];
  const scores = listIn(prediction, 'detection_scores');
  const boxes = listIn(prediction, 'detection_boxes');
  const names = listIn(prediction, 'detection_classes_as_text');
  if (!scores || !boxes || !names) return undefined;
  const detections = scores.slice(0, settings.scan).flatMap((score, index) => {
    const [box, name] = [boxOf(boxes[index]), names[index]];
    return typeof score === 'number' && Number.isFinite(score) && box && typeof name === 'string'
      ? [{ score, box, name: name.trim().toLowerCase() }]
      : [];
  });
  const key = memberOf(prediction, 'key');
  return { key: typeof key === 'string' ? key : undefined, info: infoOf(detections, settings) };
}

function infoOf(detections: readonly Detection[], { threshold }: LoopSettings): LoopInfo {
  const loop = detections.find(({ name }) => LOOPS.includes(name));
  const pin = detections.find(({ name, score }) => name === 'pin' && score >= threshold);
  return { isFound: loop !== undefined && loop.score >= threshold, loop, pin: pin?.box };
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function listIn(value: unknown, key: string): readonly unknown[] | undefined {
  const list = memberOf(value, key);
  return Array.isArray(list) ? list : undefined;
}

function boxOf(value: unknown): Box | undefined {
  if (!Array.isArray(value) || value.length < 4) return undefined;
  const [minY, minX, maxY, maxX] = value as readonly unknown[];
  const isBox = [minY, minX, maxY, maxX].every((edge) => typeof edge === 'number' && Math.abs(edge) <= 100);
  return isBox ? ({ minY, minX, maxY, maxX } as Box) : undefined;
}

const NO_BOX: Box = { minY: 0, minX: 0, maxY: 0, maxX: 0 };

/** `tipX tipY pinBaseX fiberWidth …` of a loop; all 0 if none was found. */
function measures({ isFound, loop, pin }: LoopInfo) {
  const box = (isFound && loop?.box) || NO_BOX;
  const pinBox = isFound && pin ? pin : NO_BOX;
  return {
    tipX: box.maxX,
    tipY: (box.minY + box.maxY) / 2,
    pinBaseX: pinBox.maxX,
    fiberWidth: pinBox.maxY - pinBox.minY,
    loopWidth: box.maxY - box.minY,
    loopWidthX: box.maxX - box.minX,
    box,
  };
}

/** The 15 words after `LOOP_INFO`. */
export function loopWords(index: number, info: LoopInfo): string[] {
  const { tipX, tipY, pinBaseX, fiberWidth, loopWidth, loopWidthX, box } = measures(info);
  const { loop, isFound } = info;
  const numbers = [
    tipX,
    tipY,
    pinBaseX,
    fiberWidth,
    loopWidth,
    box.minX,
    box.maxX,
    box.minY,
    box.maxY,
    loopWidthX,
  ];
  return [
    String(index),
    isFound ? 'normal' : 'failed',
    ...numbers.map(format),
    isFound && loop?.name === 'mitegen' ? '1' : '0',
    loop?.name ?? 'none',
    format(loop?.score ?? 0),
  ];
}

/** The shorter list: image_num tipX tipY bboxMinX bboxMaxX bboxMinY bboxMaxY loop_width loop_type. */
export function seedWords(index: number, info: LoopInfo): string[] {
  const { tipX, tipY, loopWidth, box } = measures(info);
  const numbers = [tipX, tipY, box.minX, box.maxX, box.minY, box.maxY, loopWidth];
  return [String(index), ...numbers.map(format), info.loop?.name ?? 'none'];
}

/** `tipX tipY [pinBaseX]`; undefined if there is no loop in view. */
export function tipWords(info: LoopInfo, withPin: boolean): string[] | undefined {
  const { tipX, tipY, pinBaseX } = measures(info);
  if (!info.isFound) return undefined;
  return (withPin ? [tipX, tipY, pinBaseX] : [tipX, tipY]).map(format);
}

/** `index boxMinY boxMaxY loopWidth`, as in the answer to `reboxLoopImage`. */
export function reboxWords(index: number, info: LoopInfo): string[] {
  const { box, loopWidth } = measures(info);
  return [String(index), ...[box.minY, box.maxY, loopWidth].map(format)];
}

function format(value: number): string {
  return String(Number(value.toFixed(DECIMALS)));
}

/** The request for one image: `key` comes back with the answer. */
export function predictionRequest(image: Buffer, key: string): string {
  return JSON.stringify({
    instances: [{ image_bytes: { b64: image.toString('base64') }, key }],
    params: [{ max_bounding_box_count: '10' }],
  });
}
