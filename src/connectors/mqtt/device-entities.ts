/** Home Assistant's entities of a device other than the sensors of its values. */
import type { CommandDefinition } from '../../hub/command-definition.js';
import type { DeviceView } from '../../hub/hub.js';
import { imageLevel, type Topics } from '../../mqtt/topics.js';
import { type Announcement, type Entity, inWords, slug, statusEntities } from './announcement.js';
import type { PublishedImage } from './device-object.js';

export interface DeviceEntitiesOptions {
  readonly topics: Topics;
  readonly mayCommand: boolean;
  readonly announcesHazardous: boolean;
}

export class DeviceEntities {
  readonly #announcement: Announcement;
  readonly #options: DeviceEntitiesOptions;

  constructor(announcement: Announcement, options: DeviceEntitiesOptions) {
    this.#announcement = announcement;
    this.#options = options;
  }

  /** Buttons have no arguments to give, and nobody is asked before one is pressed. */
  announcedCommands({ commands }: DeviceView): string[] {
    const { mayCommand, announcesHazardous } = this.#options;
    if (!mayCommand) return [];
    return commands
      .filter((command) => command.arguments.length === 0 && (announcesHazardous || !isGuarded(command)))
      .map(({ name }) => name);
  }

  of(view: DeviceView, images: readonly PublishedImage[]): Record<string, Entity> {
    const { id } = view;
    const { topics } = this.#options;
    const common = {
      availability: [this.#announcement.gatewayAvailability()],
      entity_category: 'diagnostic',
    };
    const unique = (what: string) => this.#announcement.unique(id, what);
    return {
      ...statusEntities(topics.node(id), unique, common),
      link: {
        platform: 'binary_sensor',
        name: 'Link',
        unique_id: unique('link'),
        device_class: 'connectivity',
        state_topic: topics.availability(id),
        payload_on: 'online',
        payload_off: 'offline',
        ...common,
      },
      ...Object.fromEntries(this.announcedCommands(view).map((name) => this.#button(id, name))),
      ...Object.fromEntries(images.map((image) => this.#image(id, image))),
    };
  }

  #button(device: string, name: string): [string, Entity] {
    const { topics } = this.#options;
    const reachable = { topic: topics.availability(device) };
    const key = `command-${slug(name)}`;
    return [
      key,
      {
        platform: 'button',
        name: inWords(name),
        unique_id: this.#announcement.unique(device, 'command', name),
        command_topic: topics.deviceCommand(device, name),
        payload_press: '{}',
        availability: [this.#announcement.gatewayAvailability(), reachable],
        availability_mode: 'all',
      },
    ];
  }

  #image(device: string, { type, mediaType }: PublishedImage): [string, Entity] {
    return [
      `image-${slug(type)}`,
      {
        platform: 'image',
        name: type,
        unique_id: this.#announcement.unique(device, 'image', type),
        image_topic: this.#options.topics.field(device, imageLevel(type)),
        content_type: mediaType,
        ...this.#announcement.statusAvailability(device, ['active']),
      },
    ];
  }
}

function isGuarded({ isHazardous = false, role = 'send' }: CommandDefinition): boolean {
  return isHazardous || role === 'admin';
}
