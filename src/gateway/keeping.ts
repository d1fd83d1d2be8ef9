import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { packageVersion } from '../base/package-root.js';
import type { Config } from '../config/schema.js';
import { classicLogSettings, recorderSettings } from '../config/sections/keeping.js';
import { ClassicLog } from '../history/classic-log.js';
import type { Tables } from '../protocol/message.js';
import { FlightRecorder } from '../recorder/flight-recorder.js';

/** Undefined if disabled by the settings. */
export function createRecorder(config: Config, clock: Clock, log: Log): FlightRecorder | undefined {
  const settings = recorderSettings(config);
  return settings && new FlightRecorder({ clock, log, settings, version: packageVersion });
}

/** Undefined if no directory is set. */
export function createClassicLog(
  config: Config,
  { dataTypes }: Tables,
  clock: Clock,
  log: Log,
): ClassicLog | undefined {
  const settings = classicLogSettings(config);
  return settings && new ClassicLog({ ...settings, types: dataTypes.all(), clock, log });
}
