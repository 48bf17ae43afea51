/**
 * The wire: everything a room above may do with the bus, over one line that is kept for good. It never throws because
 * the bus is away, except where an answer was asked for, and then at once.
 */
import type { JetStreamManager } from '@nats-io/jetstream';
import { DreyError } from '../../machines/words/errors.ts';
import type { AnyEvent, DreyEvent } from '../../machines/words/events.ts';
import type { Address } from '../../machines/words/ids.ts';
import {
  type Answer,
  type Answering,
  askEverybody,
  askOne,
  type Question,
  ringAt,
  startAnswering,
} from './ask.ts';
import { type BusStatus, type Line, openLine } from './connect.ts';
import { type DeadLetters, openDeadLetters } from './dead-letters.ts';
import { type Command, encodeCommand, readCommand, readEvent } from './envelope.ts';
import { type Delivered, type Following, type FollowParts, type FollowTuning } from './follow.ts';
import { startFollowing } from './follow.ts';
import { park } from './park.ts';
import { type BusStanding, readBus } from './bus-figures.ts';
import { readHistory } from './history.ts';
import type { Log } from './log.ts';
import { type Parcel, toParcel, toPath } from './parcel.ts';
import { type From, readAckFloor } from './consumers.ts';
import { type Ack, sendAll, sendParcel } from './publish.ts';
import { republish, type RepublishOptions } from './republish.ts';
import { ensureStreams, type StreamNames, type StreamOptions, toStreamNames } from './streams.ts';
import { defaultRoot, parseEventSubject, type Selection, toCommandSubject, toFilters } from './subjects.ts';

/** One event as its follower gets it. */
export interface Delivery {
  readonly event: AnyEvent;
  readonly sequence: number;
  readonly attempt: number;
}

/** One command as its follower gets it. */
export interface CommandDelivery {
  readonly command: Command;
  readonly sequence: number;
  readonly attempt: number;
}

export interface FollowOptions extends FollowTuning {
  /** What to follow: a selection, or subject filters; default everything. */
  readonly filters?: Selection | readonly string[];
  /** Whether events of types that nobody here knows are parked, too, though they are not what is followed. Default: no. */
  readonly strays?: boolean;
  /** Acknowledged when it resolves; tried again, in place, when it rejects. */
  readonly onBatch: (deliveries: readonly Delivery[]) => Promise<void>;
}

export interface ReadOptions {
  readonly filters?: Selection | readonly string[];
  readonly from?: From;
  /** The next event is read when it resolves. */
  readonly onEvent: (event: AnyEvent, sequence: number) => Promise<boolean>;
}

export interface FollowCommandsOptions extends FollowTuning {
  /** To whom the commands are; what is left out means "any". */
  readonly to?: { readonly namespace?: string; readonly kind?: Address['kind']; readonly id?: string };
  readonly onBatch: (deliveries: readonly CommandDelivery[]) => Promise<void>;
}

/** How a stream stands: what lag, console and doctor show. */
export interface StreamFigures {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface Wire {
  readonly status: BusStatus;
  /** The first token of this wire's subjects. */
  readonly root: string;
  readonly streams: StreamNames;
  /** The server's version while connected. */
  readonly serverVersion: string | undefined;
  onStatus(heard: (status: BusStatus) => void): () => void;
  /** Resolves true when connected, false when closed. */
  whenConnected(): Promise<boolean>;
  publish(event: DreyEvent, options?: { readonly timeoutMs?: number }): Promise<Ack>;
  /** In order, each once; a failure stops the rest, and sending all of them again in order is harmless. */
  publishAll(events: readonly DreyEvent[], options?: { readonly inFlightMax?: number }): Promise<Ack[]>;
  /** As `publishAll`, for what is encoded already: the way of the write-ahead log. */
  sendAll(parcels: readonly Parcel[], options?: { readonly inFlightMax?: number }): Promise<Ack[]>;
  follow(options: FollowOptions): Promise<Following>;
  /** Reads what is stored now, once and in order; false from the reader ends it. Throws `bus_unavailable`. */
  readEvents(options: ReadOptions): Promise<void>;
  /** Publishes stored events once more elsewhere; gives back how many. */
  republish(options: RepublishOptions): Promise<number>;
  /** What nobody could handle. */
  readonly dead: DeadLetters;
  tell(command: Command, options?: { readonly timeoutMs?: number }): Promise<Ack>;
  followCommands(options: FollowCommandsOptions): Promise<Following>;
  ask(to: Address, verb: string, data?: unknown, options?: { readonly timeoutMs?: number }): Promise<unknown>;
  /** Asks all who answer there, until there are enough answers or for so long; throws where there is none. */
  askAll(
    to: Address,
    verb: string,
    data: unknown,
    options: { readonly timeoutMs: number; readonly isEnough: (sofar: readonly Answer[]) => boolean },
  ): Promise<readonly Answer[]>;
  /** Tells those who answer there; nobody answers, and where nobody listens it is lost. */
  ring(to: Address, verb: string): void;
  answer(which: Answering, answer: (question: Question) => Promise<unknown>): Promise<{ stop(): void }>;
  streamInfo(which?: keyof StreamNames): Promise<StreamFigures>;
  /** Every stream and durable consumer as the server has it now; throws `bus_unavailable`. */
  standing(): Promise<BusStanding>;
  /** The sequence up to which a durable of the events has settled everything; 0 where there is none. */
  settledUpTo(durable: string): Promise<number>;
  /** Makes the bus forget a durable's position, so that following begins anew. */
  forgetDurable(durable: string, which?: 'events' | 'commands'): Promise<boolean>;
  close(): Promise<void>;
}

export interface WireOptions {
  /** `nats://token@host:port`; several are separated by commas. */
  readonly url: string;
  /** Shown by the server beside the connection. */
  readonly name: string;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Names a world of its own: `T1` gives streams `T1_EVENTS` and subjects `t1.event.>`. Default `DREY`. */
  readonly prefix?: string;
  /** How long to wait for the bus before the wire is handed out disconnected. */
  readonly openMs?: number;
  readonly streams?: Pick<StreamOptions, 'replicas' | 'storage' | 'eventsAgeMs' | 'eventsBytesMax'>;
  /** What may be kept of a message that is parked: it may come from anybody. */
  readonly hideText?: (namespace: string, text: string) => string;
}

/** Opens the wire; throws only for what waiting cannot heal (a refused login, a stream of another shape). */
export async function openWire(options: WireOptions): Promise<Wire> {
  const prefix = options.prefix ?? defaultRoot.toUpperCase();
  const names = toStreamNames(prefix);
  const root = prefix.toLowerCase();
  const { log, hideText = (_namespace, text) => text } = options;
  const line = await openLine({
    url: options.url,
    name: options.name,
    log,
    openMs: options.openMs ?? 5_000,
    prepare: async ({ jsm }) => {
      await ensureStreams(jsm, { ...options.streams, prefix, root, log });
    },
  });
  const parts = { line, log, root, names, now: options.now, name: options.name, hideText };
  return {
    get status() {
      return line.status;
    },
    get serverVersion() {
      return line.status === 'connected' ? line.use().nc.info?.version : undefined;
    },
    root,
    streams: names,
    onStatus: (heard) => line.onStatus(heard),
    whenConnected: async () => line.whenConnected(),
    publish: async (event, tuning) => sendParcel(line, root, toParcel(event), tuning),
    publishAll: async (events, tuning) => sendAll(line, root, events.map(toParcel), tuning),
    sendAll: async (parcels, tuning) => sendAll(line, root, parcels, tuning),
    follow: async (tuning) => followEvents(parts, tuning),
    readEvents: async (reading) => readEvents(parts, reading),
    republish: async (which) => republish({ line, stream: names.events, root }, which),
    dead: openDeadLetters({ ...parts, stream: names.dead, events: names.events }),
    tell: async (command, tuning) => {
      const path = toPath(toCommandSubject(command.to, command.verb));
      return sendParcel(line, root, { path, id: command.id, payload: encodeCommand(command) }, tuning);
    },
    followCommands: async (tuning) => followCommands(parts, tuning),
    ask: async (to, verb, data, tuning) => askOne(line, root, { to, verb, data }, tuning?.timeoutMs ?? 2_000),
    askAll: async (to, verb, data, tuning) => askEverybody(line, root, { to, verb, data }, tuning),
    ring: (to, verb) => ringAt(line, root, to, verb),
    answer: async (which, answer) => startAnswering(line, root, which, answer, log),
    streamInfo: async (which = 'events') => toFigures(line.use().jsm, names[which]),
    standing: async () => readBus(line, names),
    settledUpTo: async (durable) => line.guard(readAckFloor(line.use(), names.events, durable)),
    forgetDurable: async (durable, which = 'events') => forget(line, names[which], durable),
    close: async () => line.close(),
  };
}

interface Parts {
  readonly line: Line;
  readonly log: Log;
  readonly root: string;
  readonly names: StreamNames;
  readonly now: () => number;
  readonly name: string;
  readonly hideText: NonNullable<WireOptions['hideText']>;
}

async function followEvents(parts: Parts, options: FollowOptions): Promise<Following> {
  const { onBatch, filters = {}, strays = false, ...tuning } = options;
  return startFollowing({
    ...tuning,
    ...(strays ? toStrays(parts.root) : {}),
    line: parts.line,
    log: parts.log,
    stream: parts.names.events,
    filters: Array.isArray(filters) ? checkFilters(filters) : toFilters(filters as Selection, parts.root),
    read: readEvent,
    onBatch: async (batch: readonly Delivered<AnyEvent>[]) =>
      onBatch(batch.map(({ value, sequence, attempt }) => ({ event: value, sequence, attempt }))),
    parkAway: async (parking) => park(parts, parts.names.events, options.durable ?? parts.name, parking),
  });
}

/** All events are asked for, since nobody can name the types of newer nodes. */
function toStrays(root: string): Pick<FollowParts<AnyEvent>, 'asked' | 'isStray'> {
  return {
    asked: [`${root}.event.>`],
    isStray: (subject) => parseEventSubject(subject, root) === undefined,
  };
}

async function readEvents({ line, names, root }: Parts, options: ReadOptions): Promise<void> {
  const { filters = {}, from, onEvent } = options;
  await readHistory({
    line,
    stream: names.events,
    filters: Array.isArray(filters) ? checkFilters(filters) : toFilters(filters as Selection, root),
    ...(from === undefined ? {} : { from }),
    onMessage: async ({ data, seq }) => {
      const parsed = readEvent(data);
      // What cannot be read lies among the dead letters of those who must not miss it.
      return parsed.parked || onEvent(parsed.value, seq);
    },
  });
}

async function followCommands(parts: Parts, options: FollowCommandsOptions): Promise<Following> {
  const { onBatch, to = {}, ...tuning } = options;
  return startFollowing({
    ...tuning,
    line: parts.line,
    log: parts.log,
    stream: parts.names.commands,
    filters: [`${parts.root}.command.${to.namespace ?? '*'}.${to.kind ?? '*'}.${to.id ?? '*'}.*`],
    read: readCommand,
    onBatch: async (batch: readonly Delivered<Command>[]) =>
      onBatch(batch.map(({ value, sequence, attempt }) => ({ command: value, sequence, attempt }))),
    parkAway: async (parking) => park(parts, parts.names.commands, options.durable ?? parts.name, parking),
  });
}

function checkFilters(filters: readonly string[]): readonly string[] {
  if (filters.length === 0)
    throw new DreyError('argument_invalid', 'an empty list of filters follows nothing; leave it out');
  return filters;
}

async function toFigures(jsm: JetStreamManager, stream: string): Promise<StreamFigures> {
  const { state } = await jsm.streams.info(stream);
  return {
    stream,
    messages: state.messages,
    bytes: state.bytes,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
  };
}

async function forget(line: Line, stream: string, durable: string): Promise<boolean> {
  const { jsm } = line.use();
  try {
    return await line.guard(jsm.consumers.delete(stream, durable));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 10014) return false;
    throw error;
  }
}
