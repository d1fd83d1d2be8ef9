import test from 'ava';
import { ResumePoint } from '../../src/client/resume-point.js';

const started = { subscription: '4', seq: 100, gone: null, snapshot: null };

test('a subscription without history begins after the last event so far', (t) => {
  const point = new ResumePoint();
  point.onStarted(started, undefined);
  t.is(point.subscription, '4');
  t.is(point.seq, 100);
});

test('a resumed subscription stays at its own last event until newer ones come', (t) => {
  const point = new ResumePoint(90);
  point.onStarted(started, 90);
  t.is(point.seq, 90);
  point.onReached(95);
  point.onReached(93);
  t.is(point.seq, 95);
  point.onConnectionLost();
  t.is(point.subscription, undefined);
  t.is(point.seq, 95);
});

test('lost events are not requested again', (t) => {
  const point = new ResumePoint(10);
  point.onStarted({ ...started, gone: { from: 11, to: 60 } }, 10);
  t.is(point.seq, 60);
});

test('when the numbering has restarted, a connection lost during the replay loses nothing', (t) => {
  const point = new ResumePoint(5000);
  point.onStarted({ ...started, gone: { from: 5001, to: null } }, 5000);
  t.is(point.seq, 0);
  point.onReached(1);
  t.is(point.seq, 1);
});
