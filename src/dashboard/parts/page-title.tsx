import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Controls beside the title. */
  readonly children?: ComponentChildren;
}

export function PageTitle({ title, children }: Props) {
  useEffect(() => {
    document.title = `${title} – meshgate`;
  }, [title]);
  return (
    <div class="page-title">
      <h1>{title}</h1>
      {children}
    </div>
  );
}
