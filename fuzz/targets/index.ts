import type { Target } from '../target.js';
import { auditTarget } from './audit.js';
import { classicTarget } from './classic.js';
import { configTarget, environmentTarget } from './config.js';
import { dataforgeTarget } from './dataforge.js';
import { dcssTarget } from './dcss.js';
import { faultsTarget } from './faults.js';
import { framesTarget } from './frames.js';
import { hevTarget } from './hev.js';
import { historyTarget } from './history.js';
import { linesTarget } from './lines.js';
import { messagesTarget, rootCommandsTarget } from './messages.js';
import { recordingTarget } from './recording.js';
import { sessionTarget } from './session.js';
import { tablesTarget } from './tables.js';

export const targets: readonly Target[] = [
  framesTarget,
  messagesTarget,
  rootCommandsTarget,
  classicTarget,
  sessionTarget,
  linesTarget,
  configTarget,
  environmentTarget,
  tablesTarget,
  faultsTarget,
  historyTarget,
  hevTarget,
  recordingTarget,
  auditTarget,
  dataforgeTarget,
  dcssTarget,
];
