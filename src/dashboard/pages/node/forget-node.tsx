import { useState } from 'preact/hooks';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { useSession } from '../../store/context.js';

interface Props {
  readonly address: number;
  readonly name: string;
}

/** Removes the node after confirmation, then shows the list of nodes. */
export function ForgetNode({ address, name }: Props) {
  const session = useSession();
  const [isConfirming, setConfirming] = useState(false);
  const forget = async () => {
    await session.call('forget', { node: address });
    location.hash = '#/nodes';
  };
  return (
    <>
      <button type="button" class="button danger" onClick={() => setConfirming(true)}>
        Forget…
      </button>
      {isConfirming && (
        <ConfirmDialog
          title={`Forget ${name}?`}
          action="Forget node"
          onConfirm={forget}
          onClose={() => setConfirming(false)}
        >
          <p>
            The node is removed, with its latest values and its alarms. Its history is kept. It reappears when
            it is heard or when the root lists it.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
