import test from 'ava';
import { newestPosition, positionIn } from '../../src/protocol/position.js';

const at = (lat: number | string, lon: number | string) => ({ lat: { value: lat }, lon: { value: lon } });

test('latitudes go to 90 degrees and longitudes to 180, in both directions', (t) => {
  for (const [lat, lon] of [
    [90, 180],
    [-90, -180],
    [0, 0],
    [44.57, -123.27],
  ] as const) {
    t.deepEqual(positionIn(at(lat, lon)), { lat, lon });
  }
  for (const [lat, lon] of [
    [500, -999],
    [90.001, 0],
    [0, 180.001],
    [Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY],
    ['NaN', 0],
    ['44.5', '-123.2'],
  ] as const) {
    t.is(positionIn(at(lat, lon)), undefined, `${lat}, ${lon}`);
  }
});

test('a position has a latitude and a longitude, by their short or full names', (t) => {
  t.deepEqual(positionIn({ latitude: { value: 1 }, longitude: { value: 2 } }), { lat: 1, lon: 2 });
  t.is(positionIn({ latitude: { value: 1 } }), undefined);
});

test('the newest position of a node ignores a newer one that is not on earth', (t) => {
  const values = [
    { fields: at(44, -123), receivedAt: 1 },
    { fields: at(500, -999), receivedAt: 3 },
    { fields: at(45, -124), receivedAt: 2 },
  ];
  t.deepEqual(newestPosition(values), { position: { lat: 45, lon: -124 }, receivedAt: 2 });
  t.is(newestPosition([{ fields: at(500, -999), receivedAt: 3 }]), undefined);
});
