import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type State<Props> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly Part: ComponentType<Props> }
  | { readonly kind: 'failed' };

/** A component that is loaded when it is first shown. `load`: a function that never changes, made at module level. */
export function lazyPart<Props extends object>(load: () => Promise<ComponentType<Props>>, label: string) {
  return function LazyPart(props: Props) {
    const [state, setState] = useState<State<Props>>({ kind: 'loading' });
    useEffect(() => {
      load().then(
        (Part) => setState({ kind: 'ready', Part }),
        () => setState({ kind: 'failed' }),
      );
    }, []);
    if (state.kind === 'ready') return <state.Part {...props} />;
    if (state.kind === 'loading') return <p class="placeholder">Loading {label}…</p>;
    return (
      <p class="placeholder" role="alert">
        The {label} could not be loaded. Reload the page to try again.
      </p>
    );
  };
}
