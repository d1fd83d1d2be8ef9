/** The screen of `meshgate top`, as lines. */
import type { DeviceInfo, NodeInfo } from '../../../client/index.js';
import type { Result } from '../../results.js';
import { formatAddress, qualified } from '../../text/address.js';
import { formatEvent, type JoinedEvent } from '../../text/event-line.js';
import { type Column, formatTable } from '../../text/table.js';
import { paint, type View } from '../../text/terminal.js';
import { pad, shorten } from '../../text/text-width.js';
import { formatAge, formatMoment } from '../../text/time.js';
import { formatNamedValues } from '../../text/values.js';
import { colourOfStatus, describeLink, describeStatusCounts } from '../../text/words.js';

/** The data on the screen. */
export interface TopPicture {
  readonly status: Result<'status'>;
  readonly nodes: readonly NodeInfo[];
  /** Shown below the nodes. */
  readonly devices: readonly DeviceInfo[];
  /** Messages per second by node; 0 = the root. */
  readonly rates: ReadonlyMap<number, number>;
  /** The last events, newest last; at least as many as there are rows. */
  readonly recent: readonly JoinedEvent[];
  readonly isConnected: boolean;
  /** Index of the first node or device shown. */
  readonly scroll: number;
}

/** Lines other than nodes and traffic: state, titles, and blank lines. */
const FIXED_LINES = 7;
/** Share of the remaining lines for nodes; traffic has the rest. */
const NODES_SHARE = 0.6;

/** A node or a device. */
interface Row extends Pick<NodeInfo, 'status' | 'lastHeardAt' | 'values'> {
  readonly address: string;
  readonly name: string;
  readonly rate: string;
}

/** How many nodes and devices fit on a screen of `rows` lines. */
export function nodeRows(nodeCount: number, rows: number): number {
  const room = Math.max(1, rows - FIXED_LINES);
  return Math.min(nodeCount, Math.max(1, Math.floor(room * NODES_SHARE)));
}

/** At most `rows` lines, none wider than the terminal. */
export function renderTop(picture: TopPicture, view: View, rows: number): string[] {
  const { scroll, recent } = picture;
  const all = rowsOf(picture, view);
  const shown = all.slice(scroll, scroll + nodeRows(all.length, rows));
  const table = formatTable(topColumns(view), shown, view.terminal).trimEnd().split('\n');
  const below = all.length - scroll - shown.length;
  const more = `${scroll} above, ${below} below; arrows and page keys move`;
  const hidden = shown.length < all.length ? [paint(fitted(more, view), 'dim', view.terminal)] : [];
  const top = [
    ...headLines(picture, view),
    '',
    ...table,
    ...hidden,
    '',
    paint('TRAFFIC', 'bold', view.terminal),
  ];
  const room = Math.max(0, rows - top.length);
  const traffic = room > 0 ? recent.slice(-room).map((event) => formatEvent(event, view)) : [];
  return [...top, ...traffic].slice(0, rows);
}

function rowsOf({ nodes, devices, rates }: TopPicture, { gateway }: View): Row[] {
  return [
    ...nodes.map((node) => ({
      ...node,
      address: formatAddress(node.address, gateway),
      rate: (rates.get(node.address) ?? 0).toFixed(1),
    })),
    ...devices.map((device) => ({
      ...device,
      address: qualified(device.id, gateway),
      name: device.source,
      rate: '-',
    })),
  ];
}

function headLines({ status, rates, isConnected }: TopPicture, view: View): string[] {
  const { version, link, nodes, openAlarms } = status;
  const title = `meshgate ${version}   ${formatMoment(view.now, view)}   q quits`;
  const total = [...rates.values()].reduce((sum, rate) => sum + rate, 0);
  const alarms = openAlarms === 0 ? 'no alarms' : `${openAlarms} alarms`;
  const counts = `${total.toFixed(1)} messages/s · ${alarms} · nodes ${describeStatusCounts(nodes.byStatus)}`;
  const state = isConnected
    ? `link ${describeLink(link, view)}`
    : 'lost the connection to the gateway; reconnecting';
  const colour = isConnected && link.state === 'up' ? 'green' : 'red';
  return [
    paint(fitted(title, view), 'bold', view.terminal),
    paint(fitted(state, view), colour, view.terminal),
    fitted(counts, view),
  ];
}

function topColumns(view: View): Column<Row>[] {
  return [
    { title: 'ADDRESS', text: ({ address }) => address },
    { title: 'NAME', text: ({ name }) => name, optional: 2 },
    { title: 'STATUS', text: ({ status }) => pad(status, STATUS_WIDTH), colour: colourOfStatus },
    {
      title: pad('HEARD', AGE_WIDTH, 'right'),
      text: ({ lastHeardAt }) => (lastHeardAt === null ? 'never' : formatAge(lastHeardAt, view.now)),
      align: 'right',
    },
    {
      title: 'MSG/S',
      text: ({ rate }) => rate,
      align: 'right',
      optional: 1,
    },
    { title: 'LATEST VALUES', text: ({ values }) => formatNamedValues(values) || '-', flexible: 24 },
  ];
}

/** Fixed widths, so that columns do not jump: `disconnected`, `2 min 15 s ago`. */
const STATUS_WIDTH = 12;
const AGE_WIDTH = 13;

function fitted(text: string, { terminal }: View): string {
  return terminal.columns === undefined ? text : shorten(text, terminal.columns);
}
