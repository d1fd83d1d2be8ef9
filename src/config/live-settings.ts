/** The settings in effect: those of each room, and how they change while the gateway runs. */

import { changedSettings, RELOADABLE, withReloadable } from './reloadable.js';
import type { Config } from './schema.js';
import { clientSettings } from './sections/clients.js';
import { webSettings } from './sections/http.js';
import { networkSettings } from './sections/mesh.js';

/** What became of settings that were read again. */
export interface Reloaded {
  /** In effect from now on. */
  readonly applied: readonly string[];
  /** Otherwise than before, but as they were until the gateway is restarted. */
  readonly needRestart: readonly string[];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Each room keeps the object that it is given, so that what changes in it takes effect there. */
export class LiveSettings {
  readonly network;
  readonly clients;
  /** Undefined where no monitor is served. */
  readonly web;
  readonly #webAddress: Address | undefined;
  #config: Config;

  /** Throws `BAD_CONFIG` where the settings do not go together. */
  constructor(config: Config, webAddress: Address | undefined) {
    const { network, clients, web } = ofRooms(config, webAddress);
    this.network = network;
    this.clients = clients;
    this.web = web;
    this.#webAddress = webAddress;
    this.#config = config;
  }

  /** What is in effect, whatever the file says by now. */
  get config(): Config {
    return this.#config;
  }

  /** Takes over what can change while the gateway runs. Throws `BAD_CONFIG`; all stay as they were then. */
  take(next: Config): Reloaded {
    const merged = withReloadable(this.#config, next);
    const { network, clients, web } = ofRooms(merged, this.#webAddress);
    const changed = changedSettings(this.#config, next);
    Object.assign(this.network, network);
    Object.assign(this.clients, clients);
    if (this.web) Object.assign(this.web, web);
    this.#config = merged;
    return {
      applied: changed.filter((name) => RELOADABLE.includes(name)),
      needRestart: changed.filter((name) => !RELOADABLE.includes(name)),
    };
  }
}

function ofRooms(config: Config, webAddress: Address | undefined) {
  return {
    network: networkSettings(config),
    clients: clientSettings(config),
    web: webAddress && webSettings(config, webAddress),
  };
}
