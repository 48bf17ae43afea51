/**
 * Trust in tools: keeps the pins of every upstream as the database has them, and says of a definition whether it may be
 * used. What was pinned counts also while the database is away; nothing becomes trusted without it.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { createId, systemNamespace, toStableId } from '../../../machines/words/ids.ts';
import { addToOutbox, ensureNamespace, readToolPins, saveToolPins, takePinsTurn } from '../../store/store.ts';
import type { Store, Trx } from '../../store/store.ts';
import { approvePin, judgeTool, reconcilePins, toLastKnown } from '../../upstream/upstream.ts';
import type { Pin, PinFact, ToolDefinition, TrustMode, Verdict } from '../../upstream/upstream.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { auditApproval } from './tool-approval.ts';

export interface ToolTrustOptions {
  /** Whether what is seen for the first time is trusted. */
  readonly mode: TrustMode;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where pins are kept; `onOutbox` is told that there are events to publish. */
export interface PinsPlace {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly onOutbox: () => void;
}

/** One decision of a person: this tool, with the definition of this fingerprint. */
export interface Approval {
  readonly tool: string;
  readonly hash: string;
}

export interface ToolTrust {
  /** Takes in an upstream's newest list; pins follow as soon as the database has them. */
  offer(server: string, tools: readonly ToolDefinition[]): void;
  verdict(server: string, tool: ToolDefinition): Verdict;
  pin(server: string, tool: string): Pin | undefined;
  /** What an upstream offered when it was last seen by any node. */
  lastKnown(server: string): readonly ToolDefinition[];
  /** Called back after each change; returns how to stop. */
  onChange(heard: () => void): () => void;
  /** Reads the pins of these upstreams, and writes from then on. */
  attach(place: PinsPlace, servers: readonly string[]): Promise<void>;
  /** Reads an upstream's pins anew: another node may have decided. */
  reload(server: string): Promise<void>;
  /** Approves what waits; answers which ones, and throws while the database is away. */
  approve(server: string, approvals: readonly Approval[], by: string): Promise<readonly Approval[]>;
  /** Resolves when every list that was taken in has its pins, or waits for the database. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Until the database is tried again. */
const retryMs = 2_000;
/** While something waits for approval, another node's decision is looked for: the bus may have lost its event. */
const lookMs = 30_000;

type Pins = ReadonlyMap<string, Pin>;

/** Knows nothing at first. */
export function createToolTrust(options: ToolTrustOptions): ToolTrust {
  return new LiveToolTrust(options);
}

class LiveToolTrust implements ToolTrust {
  readonly #options: ToolTrustOptions;
  /** One entry an upstream, like the next two. */
  readonly #pins = new Map<string, Pins>();
  readonly #offers = new Map<string, readonly ToolDefinition[]>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, () => void>();
  readonly #listeners = new Set<() => void>();
  #place: PinsPlace | undefined;
  #isClosed = false;

  constructor(options: ToolTrustOptions) {
    this.#options = options;
  }

  offer(server: string, tools: readonly ToolDefinition[]): void {
    this.#offers.set(server, tools);
    void this.#settle(server);
  }

  verdict(server: string, tool: ToolDefinition): Verdict {
    return judgeTool(this.pin(server, tool.name), tool);
  }

  pin(server: string, tool: string): Pin | undefined {
    return this.#pins.get(server)?.get(tool);
  }

  lastKnown(server: string): readonly ToolDefinition[] {
    return toLastKnown([...(this.#pins.get(server)?.values() ?? [])]);
  }

  onChange(heard: () => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  async attach(place: PinsPlace, servers: readonly string[]): Promise<void> {
    this.#place = place;
    try {
      const pins = await place.store.inNamespace(systemNamespace, (trx) => readToolPins(trx, servers));
      for (const server of servers) {
        if (!this.#pins.has(server))
          this.#take(
            server,
            pins.filter((pin) => pin.server === server),
          );
      }
    } catch (error) {
      this.#options.log.warn(
        { err: toPlainError(error) },
        'the pins of tools cannot be read; none is trusted yet',
      );
    }
    this.#tell();
    await Promise.all([...this.#offers.keys()].map((server) => this.#settle(server)));
  }

  reload(server: string): Promise<void> {
    return this.#inTurn(server, async () => {
      const place = this.#place;
      if (place === undefined || this.#isClosed) return;
      try {
        this.#take(
          server,
          await place.store.inNamespace(systemNamespace, (trx) => readToolPins(trx, [server])),
        );
        this.#tell();
      } catch (error) {
        this.#options.log.debug({ server, err: toPlainError(error) }, 'pins could not be read again');
      }
      this.#lookLater(server);
    });
  }

  async approve(server: string, approvals: readonly Approval[], by: string): Promise<readonly Approval[]> {
    const decide = (pins: Pins) => {
      const changed = approvals.flatMap(({ tool, hash }) => {
        const pin = pins.get(tool);
        const taken = pin === undefined ? undefined : approvePin(pin, hash, by);
        return taken === undefined ? [] : [taken];
      });
      const facts = changed.map(({ tool, hash }) => ({
        type: 'tool.approved' as const,
        server,
        tool,
        hash,
        was: pins.get(tool)?.hash ?? hash,
      }));
      return { changed, facts, by };
    };
    const approved = await this.#inTurn(server, () => this.#change(server, decide));
    return approved.map(({ tool, hash }) => ({ tool, hash }));
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.settled();
  }

  /** Brings pins and offer together; never rejects. */
  #settle(server: string): Promise<void> {
    return this.#inTurn(server, async () => {
      const tools = this.#offers.get(server);
      if (tools === undefined || this.#place === undefined || this.#isClosed) return;
      try {
        await this.#reconcile(server, tools);
        this.#lookLater(server);
      } catch (error) {
        this.#options.log.debug({ server, err: toPlainError(error) }, 'pins of tools wait for the database');
        this.#later(server, retryMs, () => void this.#settle(server));
      }
    });
  }

  /** What is done to one upstream's pins is done one after the other: what was read later is never overwritten. */
  #inTurn<T>(server: string, work: () => Promise<T>): Promise<T> {
    const before = this.#running.get(server) ?? Promise.resolve();
    const mine = before.then(work);
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#running.set(server, ended);
    return mine;
  }

  async #reconcile(server: string, tools: readonly ToolDefinition[]): Promise<void> {
    const { clock, log, mode } = this.#options;
    const offer = { server, tools, trust: mode, at: clock.now() };
    const known = this.#pins.get(server);
    // The usual case: everything is as it was, and nobody is asked.
    if (known !== undefined && reconcilePins([...known.values()], offer).changed.length === 0) return;
    let left: readonly string[] = [];
    await this.#change(server, (pins) => {
      const { changed, facts, refused } = reconcilePins([...pins.values()], offer);
      left = refused;
      return { changed, facts };
    });
    if (left.length > 0)
      log.warn({ server, tools: left.length }, 'an upstream has offered too many tools to pin more');
  }

  /** Changes an upstream's pins where no other node does at the same time; pins and their events are one commit. */
  async #change(
    server: string,
    decide: (pins: Pins) => { changed: readonly Pin[]; facts: readonly PinFact[]; by?: string },
  ): Promise<readonly Pin[]> {
    const place = this.#place;
    if (place === undefined) return [];
    const { after, changed, told } = await place.store.inNamespace(systemNamespace, async (trx: Trx) => {
      await ensureNamespace(trx);
      await takePinsTurn(trx, server);
      const stored = toMap(await readToolPins(trx, [server]));
      const decided = decide(stored);
      await saveToolPins(trx, decided.changed);
      for (const fact of decided.facts) await auditApproval(trx, fact, decided.by);
      await addToOutbox(
        trx,
        decided.facts.map((fact) => this.#toEvent(fact, decided.by)),
      );
      const all = [...stored.values(), ...decided.changed];
      return { after: all, changed: decided.changed, told: decided.facts.length };
    });
    this.#take(server, after);
    if (told > 0) place.onOutbox();
    this.#tell();
    return changed;
  }

  #toEvent({ type, server, tool, hash, was }: PinFact, by = ''): DreyEvent {
    const { clock } = this.#options;
    const envelope = {
      id: createId('event', clock),
      at: toIso(clock.now()),
      namespace: systemNamespace,
      actor: { kind: 'tool' as const, id: toStableId('tool', server, tool) },
      version: eventVersion,
    } as const;
    if (type === 'tool.changed') return { ...envelope, type, data: { server, tool, hash, was } };
    if (type === 'tool.approved') return { ...envelope, type, data: { server, tool, hash, by } };
    return { ...envelope, type, data: { server, tool, hash } };
  }

  /** The later one of two pins with one name counts. */
  #take(server: string, pins: readonly Pin[]): void {
    this.#pins.set(server, toMap(pins));
  }

  #tell(): void {
    for (const heard of this.#listeners) heard();
  }

  #lookLater(server: string): void {
    const pins = [...(this.#pins.get(server)?.values() ?? [])];
    const isWaiting = pins.some(({ status }) => status === 'changed' || status === 'fresh');
    if (isWaiting) this.#later(server, lookMs, () => void this.reload(server));
  }

  /** One timer an upstream; the newest intention counts. */
  #later(server: string, ms: number, then: () => void): void {
    this.#timers.get(server)?.();
    if (this.#isClosed) return;
    this.#timers.set(server, this.#options.clock.schedule(ms, then));
  }
}

function toMap(pins: readonly Pin[]): Map<string, Pin> {
  return new Map(pins.map((pin) => [pin.tool, pin]));
}
