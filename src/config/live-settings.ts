/** The settings in effect, for each room, and their changes while the gateway runs. */

import { changedSettings, RELOADABLE, withReloadable } from './reloadable.js';
import type { Config } from './schema.js';
import { clientSettings } from './sections/clients.js';
import { webSettings } from './sections/http.js';
import { networkSettings } from './sections/mesh.js';

/** The result of a reload. */
export interface Reloaded {
  /** Changed settings that are in effect. */
  readonly applied: readonly string[];
  /** Changed settings that take effect after a restart. */
  readonly needRestart: readonly string[];
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Each room keeps the object that it is given, and reads changed settings from it. */
export class LiveSettings {
  readonly network;
  readonly clients;
  /** Undefined if the dashboard is not served. */
  readonly web;
  readonly #webAddress: Address | undefined;
  #config: Config;

  /** Throws `BAD_CONFIG` for settings that contradict one another. */
  constructor(config: Config, webAddress: Address | undefined) {
    const { network, clients, web } = ofRooms(config, webAddress);
    this.network = network;
    this.clients = clients;
    this.web = web;
    this.#webAddress = webAddress;
    this.#config = config;
  }

  /** The settings in effect, even if the file has changed. */
  get config(): Config {
    return this.#config;
  }

  /** Applies the settings that can change while the gateway runs. If it throws `BAD_CONFIG`, nothing has changed. */
  apply(next: Config): Reloaded {
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
