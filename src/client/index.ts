/** The exports of the package `meshgate`. */
export type {
  AgedValue,
  AlarmInfo,
  BucketInfo,
  ClientInfo,
  CommandInfo,
  DeliveryInfo,
  DeviceDetails,
  DeviceInfo,
  EventKind,
  ExportedValue,
  HealthInfo,
  HistoryInfo,
  LinkInfo,
  MeshEvent,
  MessageInfo,
  NodeInfo,
  Snapshot,
  Value,
} from '../api/shapes.js';
export { ClassicClient, type ClassicHandler, type ClassicMessage } from './classic-client.js';
export {
  type CallOptions,
  type ConnectOptions,
  connect,
  type DeviceImage,
  findSocket,
  MeshgateClient,
  type SubscribeOptions,
} from './client.js';
export { CLIENT_ERRORS, ClientError, type ClientErrorCode, RequestError } from './errors.js';
export type { EventStream, GapSource, StreamEvent } from './event-stream.js';
export type { ExportOptions, ExportPage } from './export-pages.js';
export type { CommandParams } from './follow-command.js';
export type { Channel, ChannelHandlers, Transport } from './transport.js';
