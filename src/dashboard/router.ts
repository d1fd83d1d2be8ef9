/** The route in the URL: `#/nodes/5`, `#/nodes?status=idle`. It holds filters and sorting, so that Back restores them. */
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  /** `nodes`, `map`, … */
  readonly page: string;
  /** `5` in `#/nodes/5`. */
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, id] = path.split('/');
  return { page: page || 'nodes', id: id || undefined, query: new URLSearchParams(query) };
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return readRoute(hash);
}

/** Sets a query parameter, or removes it if `value` is empty; adds no entry to the browser's history. */
export function setQuery(name: string, value: string): void {
  const { page, id, query } = readRoute(location.hash);
  if (value === '') query.delete(name);
  else query.set(name, value);
  const path = id === undefined ? `#/${page}` : `#/${page}/${id}`;
  location.replace(query.size > 0 ? `${path}?${query}` : path);
}

export function nodeHref(address: number): string {
  return `#/nodes/${address}`;
}

/** `id`: letters, digits and `:._-`, which need no escaping. */
export function deviceHref(id: string): string {
  return `#/devices/${id}`;
}
