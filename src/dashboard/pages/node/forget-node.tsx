import { useState } from 'preact/hooks';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { useSession } from '../../store/context.js';

interface Props {
  readonly address: number;
  readonly name: string;
}

/** Removes the node, after a question; the list of nodes is what is left to show. */
export function ForgetNode({ address, name }: Props) {
  const session = useSession();
  const [isAsked, setAsked] = useState(false);
  const forget = async () => {
    await session.call('forget', { node: address });
    location.hash = '#/nodes';
  };
  return (
    <>
      <button type="button" class="button danger" onClick={() => setAsked(true)}>
        Forget…
      </button>
      {isAsked && (
        <ConfirmDialog
          title={`Forget ${name}?`}
          action="Forget node"
          onConfirm={forget}
          onClose={() => setAsked(false)}
        >
          <p>
            The node is removed with its latest values and its alarms. What the history has of it stays. It
            comes back when it is heard, or when the root lists it.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}
