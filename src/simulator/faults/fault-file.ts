import { errorText, MeshgateError, systemErrorCode } from '../../base/errors.js';
import { readTextFile } from '../../base/text-file.js';
import { parseToml } from '../../base/toml.js';
import { type FaultPlan, readFaults } from './fault-plan.js';
import { PRESET_NAMES, PRESETS, type Preset } from './presets.js';

/** Loads the faults of a preset or a TOML file. Throws `BAD_CONFIG` with the file, the key and the reason. */
export function loadFaults(fileOrPreset: string): FaultPlan {
  const preset = findPreset(fileOrPreset);
  return readFaults(preset?.faults ?? readToml(fileOrPreset), fileOrPreset);
}

function findPreset(name: string): Preset | undefined {
  return Object.hasOwn(PRESETS, name) ? PRESETS[name as keyof typeof PRESETS] : undefined;
}

function readToml(file: string): unknown {
  try {
    return parseToml(readTextFile(file));
  } catch (error) {
    const isMissing = systemErrorCode(error) === 'ENOENT';
    throw new MeshgateError(
      'BAD_CONFIG',
      isMissing ? `faults "${file}": no such file or preset` : `${file}: ${errorText(error)}`,
      isMissing ? `available presets: ${PRESET_NAMES.join(', ')}` : undefined,
      { cause: error },
    );
  }
}
