/** Style sheets of parts that are loaded later: a page's own sheet does not hold them. */
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
