/** Style sheets of parts loaded on demand, which are not in the page's own style sheet. */
const installed = new Set<string>();

/** Adds `css` to the page; once for each `name`. */
export function installStyle(name: string, css: string): void {
  if (installed.has(name)) return;
  installed.add(name);
  const style = document.createElement('style');
  style.dataset.part = name;
  style.textContent = css;
  document.head.append(style);
}
