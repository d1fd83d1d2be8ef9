import type { DeviceDetails } from '../../../api/shapes.js';
import { Card } from '../../parts/card.js';
import { CommandForm } from './command-form.js';

/** Up to this many commands are shown with their arguments. */
const OPEN_UP_TO = 3;

export function Commands({ device }: { readonly device: DeviceDetails }) {
  const { commands } = device;
  if (commands.length === 0) return null;
  return (
    <Card title="Commands">
      <div class="commands">
        {commands.map((command) => (
          <CommandForm
            key={command.name}
            device={device}
            command={command}
            isOpen={commands.length <= OPEN_UP_TO}
          />
        ))}
      </div>
    </Card>
  );
}
