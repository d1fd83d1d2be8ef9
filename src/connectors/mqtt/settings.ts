import { readFileSync } from 'node:fs';
import { errorText } from '../../base/errors.js';
import { readSecretFile } from '../../base/text-file.js';
import { addressIn, type BrokerAddress } from '../../mqtt/broker-address.js';

export interface MqttSettings {
  /** `mqtt://HOST[:PORT]` or `mqtts://…`; may contain user and password. */
  readonly url: string;
  readonly prefix: string;
  /** The gateway's own name below the prefix. */
  readonly id: string;
  readonly version: 'auto' | '5' | '3.1.1';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** Allowed commands; undefined = all but `resetRoot` and `clean`. */
  readonly commands: readonly string[] | undefined;
  /** Home Assistant's discovery prefix; undefined = off. */
  readonly discoveryPrefix: string | undefined;
  /** Home Assistant also gets hazardous commands of devices, and those for the role admin. */
  readonly announcesHazardous: boolean;
  /** Shortest time between two images of a device and type; 0 = never. */
  readonly imagesEveryMs: number;
  /** Larger images are not published. */
  readonly maxImageBytes: number;
  /** 0 = never. */
  readonly countersEveryMs: number;
  /** Keeps the number of the last event that the broker has across restarts. */
  readonly stateFile: string | undefined;
}

/** Reads the files again each time, so that a renewed certificate is used. Throws if one can't be read. */
export function readAddress(settings: MqttSettings): BrokerAddress {
  const inUrl = addressIn(settings.url);
  return {
    ...inUrl,
    user: settings.user ?? inUrl.user,
    password: readPassword(settings) ?? inUrl.password,
    ca: readFile('mqtt.ca_file', settings.caFile, readBytes),
    cert: readFile('mqtt.cert_file', settings.certFile, readBytes),
    key: readFile('mqtt.key_file', settings.keyFile, readBytes),
  };
}

function readBytes(file: string): Buffer {
  return readFileSync(file);
}

/** The password file takes precedence. */
function readPassword({ password, passwordFile }: MqttSettings): string | undefined {
  return readFile('mqtt.password_file', passwordFile, readSecretFile) ?? password;
}

function readFile<Content>(
  setting: string,
  file: string | undefined,
  read: (file: string) => Content,
): Content | undefined {
  if (file === undefined) return undefined;
  try {
    return read(file);
  } catch (error) {
    throw new Error(`${setting} = "${file}": ${errorText(error)}`, { cause: error });
  }
}
