/** Marks data that dates from before the gateway was started and has not been updated since. */
export function RestoredMark({ isRestored }: { readonly isRestored: boolean }) {
  if (!isRestored) return null;
  return (
    <span class="restored" title="from before the gateway was started; not updated since">
      restored
    </span>
  );
}
