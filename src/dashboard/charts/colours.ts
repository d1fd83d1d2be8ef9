/** Colours for canvases, which can't use custom properties: read from the page, again when they change. */

const probes = new Map<string, HTMLElement>();

/** The current colour of a custom property, as `rgb(…)`. */
export function colourOf(property: string): string {
  const probe = probes.get(property) ?? addProbe(property);
  return getComputedStyle(probe).color;
}

/** light-dark() is resolved only for an element that uses it. */
function addProbe(property: string): HTMLElement {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  probes.set(property, probe);
  return probe;
}

/** Calls back when the page turns light or dark; returns a function that stops it. */
export function watchColours(onChange: () => void): () => void {
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(onChange);
  scheme.addEventListener('change', onChange);
  observer.observe(document.documentElement, { attributeFilter: ['class', 'style', 'data-theme'] });
  return () => {
    scheme.removeEventListener('change', onChange);
    observer.disconnect();
  };
}
