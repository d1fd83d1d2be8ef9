/** The section `[mqtt]` of the configuration. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { day, flag, list, minute, path, secret, section, text, whole } from '../../config/fields.js';
import type { MqttSettings } from './settings.js';

const URL_ERROR = 'must be mqtt://HOST[:PORT] or mqtts://HOST[:PORT]';
const brokerUrl = text(URL_ERROR).refine(isBrokerUrl, { error: URL_ERROR });

function isBrokerUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(url);
  return /^mqtts?:$/.test(protocol) && hostname !== '' && /^\/?$/.test(pathname) && search + hash === '';
}

const TOPIC = 'must be a topic of at most 127 characters, without +, # and control characters';
const topic = text(TOPIC).regex(/^(?![$/])[^+#\p{Cc}]{1,127}(?<!\/)$/u, { error: TOPIC });

const TOPIC_LEVEL =
  'must be 1 to 64 characters, without /, +, #, control characters and leading or trailing blanks';
const topicLevel = text(TOPIC_LEVEL).regex(/^(?![$\s])[^/+#\p{Cc}]{1,64}(?<!\s)$/u, { error: TOPIC_LEVEL });

/** Of the payload of a retained message. */
const MAX_IMAGE_BYTES = 1_048_576;
const DEFAULT_IMAGE_BYTES = 262_144;

const COMMANDS = 'must be a list of commands, such as ["send", "ping"]';

export const mqttSection = section({
  /** MQTT is off without it. May contain a password. */
  url: secret(brokerUrl.optional()),
  /** The gateway's own name at the broker; defaults to the host name. */
  id: topicLevel.optional(),
  prefix: topic.default('meshgate'),
  /** `auto`: 5, or 3.1.1 if the broker does not support 5. */
  version: z.enum(['auto', '5', '3.1.1'], { error: 'must be auto, 5 or 3.1.1' }).default('auto'),
  user: text('must be text').optional(),
  password: secret(text('must be text').optional()),
  password_file: path.optional(),
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  /** Allowed commands; defaults to all but `resetRoot` and `clean`. */
  commands: list(text(COMMANDS), COMMANDS).optional(),
  /** Home Assistant's discovery prefix, usually `homeassistant`; off without it. */
  discovery: topic.optional(),
  /** Also announce commands of devices that are hazardous, or need the role admin. */
  discovery_hazardous: flag.default(false),
  /** Shortest time between two images of a device and type; 0 = images are not published. */
  images_s: whole(0, day).default(0),
  /** Larger images are not published. */
  images_bytes: whole(1, MAX_IMAGE_BYTES).default(DEFAULT_IMAGE_BYTES),
  /** 0 = never. */
  counters_s: whole(0, day).default(minute),
  /** File for the number of the last event that the broker has; defaults to mqtt.json in the state directory. */
  state_file: path.optional(),
});

/** Undefined if no broker is configured. `directory`: the state directory, if any. */
export function mqttSettings(
  mqtt: z.output<typeof mqttSection>,
  directory: string | undefined,
): MqttSettings | undefined {
  const { url } = mqtt;
  if (url === undefined) return undefined;
  return {
    url,
    prefix: mqtt.prefix,
    id: mqtt.id ?? hostname(),
    version: mqtt.version,
    user: mqtt.user,
    password: mqtt.password,
    passwordFile: mqtt.password_file,
    caFile: mqtt.ca_file,
    certFile: mqtt.cert_file,
    keyFile: mqtt.key_file,
    commands: mqtt.commands,
    discoveryPrefix: mqtt.discovery,
    announcesHazardous: mqtt.discovery_hazardous,
    imagesEveryMs: mqtt.images_s * 1000,
    maxImageBytes: mqtt.images_bytes,
    countersEveryMs: mqtt.counters_s * 1000,
    stateFile: mqtt.state_file ?? (directory === undefined ? undefined : join(directory, 'mqtt.json')),
  };
}
