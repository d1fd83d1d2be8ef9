/**
 * The laws for everything that finds frames on a line: the decoder alone, and the parser in front of it.
 * Each law is a function called by the tests of both.
 */
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { encodeFrame, type FrameHandlers } from '../../src/uart/frame.js';
import { bytesOf, hexOf, type LineStep, lineSteps } from './hex.js';
import {
  anyBody,
  byteByByte,
  type Cut,
  chunkSizes,
  feed,
  inSizes,
  type LineReader,
  LineRecord,
  lineBytes,
  lineWithSilences,
  whole,
} from './line-record.js';
import { frameVectors } from './vectors.js';

export type MakeReader = (handlers: FrameHandlers) => LineReader;
type Rule = (typeof frameVectors.rules)[number];

const TAIL_BODY = bytesOf('00 05 53');
const TAIL = encodeFrame(TAIL_BODY);

export function readLine(make: MakeReader, steps: readonly LineStep[], cut: Cut = whole): LineRecord {
  const record = new LineRecord();
  feed(make(record), steps, cut);
  return record;
}

/** Every pair of the wire book is decoded as listed: complete, byte by byte, and followed by a frame. */
export function readsEveryFrame(t: ExecutionContext, make: MakeReader): void {
  for (const { name, body, wire } of frameVectors.frames) {
    const expected = [hexOf(bytesOf(body))];
    t.deepEqual(bodiesOf(readLine(make, [bytesOf(wire)])), expected, name);
    t.deepEqual(bodiesOf(readLine(make, [bytesOf(wire)], byteByByte)), expected, `${name}, byte by byte`);
    const withTail = readLine(make, [bytesOf(wire), TAIL]);
    t.deepEqual(bodiesOf(withTail), [...expected, hexOf(TAIL_BODY)], `${name}, with a tail`);
  }
}

/** A rule's example is decoded as listed: complete, byte by byte, and followed by a frame. */
export function keepsRule(t: ExecutionContext, make: MakeReader, rule: Rule): void {
  const steps = lineSteps(rule.wire);
  compare(t, readLine(make, steps), rule, 'whole');
  compare(t, readLine(make, steps, byteByByte), rule, 'byte by byte');
  const withTail = readLine(make, [...steps, TAIL]);
  t.deepEqual(withTail.bodies.pop(), TAIL_BODY);
  compare(t, withTail, rule, 'with a tail');
}

export function roundTrips(make: MakeReader): void {
  fc.assert(
    fc.property(fc.array(anyBody), chunkSizes, (bodies, sizes) => {
      const line = Buffer.concat(bodies.map(encodeFrame));
      return sameBodies(readLine(make, [line], inSizes(sizes)).bodies, bodies);
    }),
  );
}

export function splitsMakeNoDifference(t: ExecutionContext, make: MakeReader): void {
  fc.assert(
    fc.property(lineWithSilences, chunkSizes, (steps, sizes) => {
      const ended = [...steps, 500];
      const expected = readLine(make, ended).finish();
      t.deepEqual(readLine(make, ended, inSizes(sizes)).finish(), expected);
      t.deepEqual(readLine(make, ended, byteByByte).finish(), expected);
    }),
  );
}

/** Stronger than the required bound, which allows the first good frame to be lost too. */
export function recoversAfterAnyNoise(make: MakeReader): void {
  fc.assert(
    fc.property(lineBytes, anyBody, anyBody, chunkSizes, (noise, first, second, sizes) => {
      const line = Buffer.concat([noise, encodeFrame(first), encodeFrame(second)]);
      const { bodies } = readLine(make, [line], inSizes(sizes));
      return sameBodies(bodies.slice(-2), [first, second]);
    }),
  );
}

export function oneDisturbedByteCostsAtMostTwoFrames(make: MakeReader): void {
  const disturbance = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), sizes: chunkSizes });
  fc.assert(
    fc.property(fc.array(anyBody, { minLength: 1, maxLength: 6 }), disturbance, (sent, { at, to, sizes }) => {
      const frames = sent.map(encodeFrame);
      const line = Buffer.concat(frames);
      const position = at % line.length;
      line[position] = to;
      const hit = frameAt(frames, position);
      const { bodies } = readLine(make, [line], inSizes(sizes));
      const after = sent.slice(hit + 2);
      return (
        sameBodies(bodies.slice(0, hit), sent.slice(0, hit)) &&
        sameBodies(bodies.slice(bodies.length - after.length), after)
      );
    }),
  );
}

function frameAt(frames: readonly Buffer[], position: number): number {
  let end = 0;
  return frames.findIndex((frame) => {
    end += frame.length;
    return position < end;
  });
}

function bodiesOf(record: LineRecord): string[] {
  return record.bodies.map(hexOf);
}

function sameBodies(bodies: readonly Buffer[], expected: readonly Buffer[]): boolean {
  return bodies.length === expected.length && bodies.every((body, index) => expected[index]?.equals(body));
}

function compare(t: ExecutionContext, record: LineRecord, rule: Rule, how: string): void {
  t.deepEqual(bodiesOf(record), rule.bodies, how);
  t.deepEqual({ ...record.drops }, rule.drops, how);
  t.deepEqual({ ...record.noise }, rule.noise, how);
  t.is(record.discarded, rule.discarded, how);
}
