/** What `meshgate device` shows. */
import type { AlarmInfo, CommandInfo, DeviceDetails } from '../../../client/index.js';
import { qualified } from '../../text/address.js';
import { type ArgumentInfo, describeAllowed } from '../../text/command-text.js';
import { formatBytesAmount } from '../../text/numbers.js';
import { type Column, formatFacts, formatTable } from '../../text/table.js';
import { paint, type View } from '../../text/terminal.js';
import { formatAge, formatMoment, formatWhen } from '../../text/time.js';
import { colourOfStatus, describeNodeStatus, describeSourceLink } from '../../text/words.js';
import { formatAlarms } from '../alarms.js';
import { valueColumns } from '../node.js';

/** A device, and the open alarms about it or the link of its source. */
export type DeviceWithAlarms = DeviceDetails & { readonly alarms: readonly AlarmInfo[] };

export function formatDevice(device: DeviceWithAlarms, view: View): string {
  const { values, images, commands, alarms } = device;
  const { terminal } = view;
  const sections = [
    head(device, view),
    values.length > 0 ? formatTable(valueColumns(values, view), values, terminal) : 'No values yet.\n',
    images.length > 0 ? formatTable(imageColumns(view), images, terminal) : '',
    commands.length > 0 ? formatTable(COMMAND_COLUMNS, commands, terminal) : 'It takes no commands.\n',
    formatArguments(commands, view),
    alarms.length > 0 ? formatAlarms(alarms, view) : '',
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function head(device: DeviceWithAlarms, view: View): string {
  const { id, description, source, link, lastHeardAt } = device;
  const status = paint(describeNodeStatus(device), colourOfStatus(device), view.terminal);
  const facts: [string, string][] = [
    ...(description === null ? [] : [['what', description] as [string, string]]),
    ['source', source],
    ['link', describeSourceLink(link, view)],
    ['last heard', lastHeardAt === null ? 'never' : formatWhen(lastHeardAt, view)],
  ];
  return `${qualified(id, view.gateway)}  ${status}\n${formatFacts(facts, view.terminal)}`;
}

type Image = DeviceDetails['images'][number];

function imageColumns(view: View): Column<Image>[] {
  return [
    { title: 'IMAGE', text: ({ type }) => type },
    { title: 'MEDIA TYPE', text: ({ mediaType }) => mediaType, optional: 2 },
    { title: 'SIZE', text: ({ bytes }) => formatBytesAmount(bytes), align: 'right' },
    { title: 'RECEIVED', text: ({ receivedAt }) => formatAge(receivedAt, view.now), align: 'right' },
    { title: 'AT', text: ({ receivedAt }) => formatMoment(receivedAt, view), optional: 1 },
  ];
}

const COMMAND_COLUMNS: Column<CommandInfo>[] = [
  { title: 'COMMAND', text: ({ name }) => name },
  { title: 'ROLE', text: ({ role }) => role },
  {
    title: 'HAZARDOUS',
    text: ({ hazardous }) => (hazardous ? 'yes' : '-'),
    colour: ({ hazardous }) => (hazardous ? 'yellow' : undefined),
  },
  { title: 'ABORTABLE', text: ({ abortable }) => (abortable ? 'yes' : '-'), optional: 1 },
  { title: 'WHAT', text: ({ summary }) => summary, flexible: 20 },
];

interface ArgumentRow {
  readonly command: string;
  readonly argument: ArgumentInfo;
}

function formatArguments(commands: readonly CommandInfo[], { terminal }: View): string {
  const rows = commands.flatMap(({ name, arguments: listed }) =>
    listed.map((argument): ArgumentRow => ({ command: name, argument })),
  );
  if (rows.length === 0) return '';
  const columns: Column<ArgumentRow>[] = [
    { title: 'COMMAND', text: ({ command }) => command },
    { title: 'ARGUMENT', text: ({ argument }) => argument.name },
    { title: 'TYPE', text: ({ argument }) => argument.type, optional: 1 },
    { title: 'ALLOWED', text: ({ argument }) => describeAllowed(argument), flexible: 16 },
    { title: 'DEFAULT', text: ({ argument }) => describeDefault(argument) },
    ...(rows.some(({ argument }) => argument.summary !== null) ? [SUMMARY_COLUMN] : []),
  ];
  return formatTable(columns, rows, terminal);
}

const SUMMARY_COLUMN: Column<ArgumentRow> = {
  title: 'WHAT',
  text: ({ argument }) => argument.summary ?? '-',
  optional: 2,
};

function describeDefault({ default: value, required }: ArgumentInfo): string {
  if (value !== null) return String(value);
  return required ? 'required' : 'none';
}
