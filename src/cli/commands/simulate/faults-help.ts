import { PRESET_NAMES } from '../../../simulator/faults/presets.js';

/** Help of `--faults`. */
export const FAULTS_HELP = `faults of the line and the root: a TOML file, or ${PRESET_NAMES.slice(0, -1).join(', ')} or ${PRESET_NAMES.at(-1)}`;
