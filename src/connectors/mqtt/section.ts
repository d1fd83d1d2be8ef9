/** The section `[mqtt]` of the settings. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { day, list, minute, path, secret, section, text, whole } from '../../config/fields.js';
import type { MqttSettings } from './settings.js';

const URL_ERROR = 'must be mqtt://HOST, mqtts://HOST, with :PORT where it is not 1883 or 8883';
const brokerUrl = text(URL_ERROR).refine(isBrokerUrl, { error: URL_ERROR });

function isBrokerUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(url);
  return /^mqtts?:$/.test(protocol) && hostname !== '' && /^\/?$/.test(pathname) && search + hash === '';
}

/** What stands in a topic: no wildcards, no control characters. */
const TOPIC = 'must be a topic without +, # and control characters, at most 127 characters';
const topic = text(TOPIC).regex(/^(?![$/])[^+#\p{Cc}]{1,127}(?<!\/)$/u, { error: TOPIC });

const TOPIC_LEVEL =
  'must be 1 to 64 characters without /, +, # and control characters, and no blank at either end';
const topicLevel = text(TOPIC_LEVEL).regex(/^(?![$\s])[^/+#\p{Cc}]{1,64}(?<!\s)$/u, { error: TOPIC_LEVEL });

const COMMANDS = 'must be a list of commands, such as ["send", "ping"]';

export const mqttSection = section({
  /** Without one there is no MQTT. It may hold a password. */
  url: secret(brokerUrl.optional()),
  /** The gateway's own name among those of a farm; the host's name unless given. */
  id: topicLevel.optional(),
  prefix: topic.default('meshgate'),
  /** `auto`: 5, and 3.1.1 where the broker does not speak it. */
  version: z.enum(['auto', '5', '3.1.1'], { error: 'must be auto, 5 or 3.1.1' }).default('auto'),
  user: text('must be text').optional(),
  password: secret(text('must be text').optional()),
  password_file: path.optional(),
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  /** Commands that are carried out; all but `resetRoot` and `clean` unless given. */
  commands: list(text(COMMANDS), COMMANDS).optional(),
  /** Home Assistant's discovery prefix, mostly `homeassistant`; nothing is published there unless given. */
  discovery: topic.optional(),
  /** 0 = never. */
  counters_s: whole(0, day).default(minute),
  /** Where the number of the last event that the broker has is kept across restarts; in the state directory unless given. */
  state_file: path.optional(),
});

/** Undefined where no broker is named. `directory`: of what outlives the process, if any. */
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
    countersEveryMs: mqtt.counters_s * 1000,
    stateFile: mqtt.state_file ?? (directory === undefined ? undefined : join(directory, 'mqtt.json')),
  };
}
