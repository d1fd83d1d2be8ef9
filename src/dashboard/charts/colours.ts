/** Colours for canvases, which know nothing of custom properties: read from the page, and anew when it changes. */

const probes = new Map<string, HTMLElement>();

/** The colour that a custom property stands for now, as `rgb(…)`. */
export function colourOf(property: string): string {
  const probe = probes.get(property) ?? addProbe(property);
  return getComputedStyle(probe).color;
}

/** Only an element that has the colour tells what light-dark() comes to. */
function addProbe(property: string): HTMLElement {
  const probe = document.createElement('span');
  probe.hidden = true;
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  probes.set(property, probe);
  return probe;
}

/** Calls back when the page turns light or dark; returns how to end that. */
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
