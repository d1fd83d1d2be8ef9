/** Beside what is known from before the gateway was started, and was not noticed anew since. */
export function RestoredMark({ isRestored }: { readonly isRestored: boolean }) {
  if (!isRestored) return null;
  return (
    <span class="restored" title="known from before the gateway was started, and not noticed since">
      restored
    </span>
  );
}
