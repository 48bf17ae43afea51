/** The door of the wire: NATS for the rest of the house. Nobody else knows what a stream or a consumer is. */
export { openWire } from './open-wire.ts';
export type {
  CommandDelivery,
  Delivery,
  FollowCommandsOptions,
  FollowOptions,
  ReadOptions,
  StreamFigures,
  Wire,
  WireOptions,
} from './open-wire.ts';
export type { BusStanding, ConsumerStanding, StreamStanding } from './bus-figures.ts';
export type { DeadLetters, HeldLetter, LeftUndone } from './dead-letters.ts';
export type { Answer, Answering, Question } from './ask.ts';
export type { BusStatus } from './connect.ts';
export {
  Command,
  DeadLetter,
  encodeCommand,
  encodeEvent,
  parseEvent,
  readCommand,
  readEvent,
} from './envelope.ts';
export type { Parsed, ParkedCode } from './envelope.ts';
export { EventLog, openEventLog } from './event-log.ts';
export type { EventLogFigures, EventLogOptions, Lag } from './event-log.ts';
export type { Following, FollowTuning } from './follow.ts';
export { followFamilies } from './follow-families.ts';
export { inOrder } from './in-order.ts';
export type { Log } from './log.ts';
export { toParcel } from './parcel.ts';
export type { Parcel } from './parcel.ts';
export type { Ack } from './publish.ts';
export { startPump } from './pump.ts';
export type { Pump, PumpOptions } from './pump.ts';
export { createHistogram } from './quantiles.ts';
export type { Histogram, Quantiles } from './quantiles.ts';
export type { From } from './consumers.ts';
export { ensureStreams, eventsKeptMs, toStreamNames } from './streams.ts';
export type { StreamNames, StreamOptions } from './streams.ts';
export {
  defaultRoot,
  isMatching,
  parseEventSubject,
  toAddressOf,
  toAskSubject,
  toCommandSubject,
  toDeadSubject,
  toEventSubject,
  toFilters,
  toJobSubject,
} from './subjects.ts';
export type { EventSubject, Selection } from './subjects.ts';
