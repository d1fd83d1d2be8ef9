import { PRESET_NAMES } from '../../../simulator/faults/presets.js';

/** What `--faults` takes. */
export const FAULTS_HELP = `disturb line and root: a TOML file, or ${PRESET_NAMES.slice(0, -1).join(', ')} or ${PRESET_NAMES.at(-1)}`;
