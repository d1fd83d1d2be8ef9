import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Controls beside the title. */
  readonly controls?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A section of a page, with a heading. */
export function Card({ title, controls, children }: Props) {
  const id = useId();
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
        {controls}
      </div>
      {children}
    </section>
  );
}
