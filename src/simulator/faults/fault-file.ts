import { errorText, MeshgateError, systemErrorCode } from '../../base/errors.js';
import { readTextFile } from '../../base/text-file.js';
import { parseToml } from '../../base/toml.js';
import { type FaultPlan, readFaults } from './fault-plan.js';
import { PRESET_NAMES, PRESETS, type Preset } from './presets.js';

/** The faults of a preset or of a TOML file. Throws `BAD_CONFIG` that names the file, the key and the reason. */
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
      isMissing
        ? `faults "${file}": there is neither such a file nor such a preset`
        : `${file}: ${errorText(error)}`,
      isMissing ? `presets: ${PRESET_NAMES.join(', ')}` : undefined,
      { cause: error },
    );
  }
}
