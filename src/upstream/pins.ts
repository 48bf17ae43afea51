/**
 * Trust in tools, as plain data: each tool's definition is pinned by its fingerprint when it is first seen, and what an
 * upstream offers later counts only while it is that very definition. Pure; who keeps the pins is decided above.
 */
import { limits } from '../../machines/words/limits.ts';
import type { ToolDefinition } from './catalogue.ts';
import { isShallow, toFingerprint } from './fingerprint.ts';

export type Definition = Readonly<Record<string, unknown>>;

/** `fresh` waits for its first approval; `changed` waits for another one. */
export type PinStatus = 'fresh' | 'pinned' | 'changed' | 'approved';

export interface Pin {
  readonly server: string;
  readonly tool: string;
  /** The definition that counts; of a fresh pin, the one that waits. */
  readonly hash: string;
  readonly definition: Definition;
  readonly status: PinStatus;
  /** What the upstream offers instead. */
  readonly offered: { readonly hash: string; readonly definition: Definition } | null;
  readonly approvedBy: string | null;
  /** Whether it was in the upstream's newest list, and where; -1 when it was not. */
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export type TrustMode = 'first-use' | 'review';

/** What is to be told about a pin. */
export interface PinFact {
  readonly type: 'tool.pinned' | 'tool.changed' | 'tool.approved';
  readonly server: string;
  readonly tool: string;
  readonly hash: string;
  /** The definition that counted before. */
  readonly was: string;
}

export interface Reconciled {
  /** Only those that are another than before. */
  readonly changed: readonly Pin[];
  readonly facts: readonly PinFact[];
  /** Tools that got no pin since the upstream has too many. */
  readonly refused: readonly string[];
}

/** Pins of one upstream, tools included that it no longer offers: forgetting those would make them new again. */
export const pinsMax = 2 * limits.upstreamToolsMax;

export interface Offer {
  readonly server: string;
  readonly tools: readonly ToolDefinition[];
  readonly trust: TrustMode;
  readonly at: number;
}

/** What an upstream's newest list does to its pins. */
export function reconcilePins(pins: readonly Pin[], offer: Offer): Reconciled {
  const byTool = new Map(pins.map((pin) => [pin.tool, pin]));
  const changed: Pin[] = [];
  const facts: PinFact[] = [];
  const refused: string[] = [];
  const seen = new Set<string>();
  let count = pins.length;
  for (const [position, tool] of offer.tools.entries()) {
    if (seen.has(tool.name) || !isPinnable(tool)) continue;
    seen.add(tool.name);
    const before = byTool.get(tool.name);
    if (before === undefined && count >= pinsMax) {
      refused.push(tool.name);
      continue;
    }
    const after =
      before === undefined ? toNewPin(tool, position, offer) : toOfferedPin(before, tool, position);
    if (before === undefined) count += 1;
    if (after === before) continue;
    changed.push(after);
    facts.push(...toFacts(before, after));
  }
  for (const pin of pins) {
    if (pin.position >= 0 && !seen.has(pin.tool)) changed.push({ ...pin, position: -1 });
  }
  return { changed, facts, refused };
}

/** Takes the definition that waits; undefined when that is not the one that was looked at, or none waits. */
export function approvePin(pin: Pin, hash: string, by: string): Pin | undefined {
  if (pin.status === 'fresh' && pin.hash === hash) return { ...pin, status: 'approved', approvedBy: by };
  if (pin.offered?.hash !== hash) return undefined;
  return { ...pin, ...pin.offered, status: 'approved', offered: null, approvedBy: by };
}

/** `away` is what has no pin yet, or whose pin another one may have changed meanwhile. */
export type Verdict = 'trusted' | 'changed' | 'fresh' | 'away';

/** Whether this very definition may be used. */
export function judgeTool(pin: Pin | undefined, { definition }: ToolDefinition): Verdict {
  if (pin === undefined) return 'away';
  if (pin.hash === toFingerprint(definition)) return pin.status === 'fresh' ? 'fresh' : 'trusted';
  return pin.status === 'fresh' ? 'fresh' : 'changed';
}

/** The last known list of an upstream: what it offered, as far as it was trusted or waits. */
export function toLastKnown(pins: readonly Pin[]): readonly ToolDefinition[] {
  return pins
    .filter(({ position }) => position >= 0)
    .toSorted((a, b) => a.position - b.position)
    .map(({ tool, definition, offered }) => ({ name: tool, definition: offered?.definition ?? definition }));
}

const nameCharactersMax = 300;

/** Names that no table would keep, and definitions that nest too deeply, are never trusted. */
export function isPinnable({ name, definition }: ToolDefinition): boolean {
  const isName =
    name !== '' && name.length <= nameCharactersMax && name.isWellFormed() && !name.includes('\0');
  return isName && isShallow(definition);
}

function toNewPin({ name, definition }: ToolDefinition, position: number, { server, trust, at }: Offer): Pin {
  return {
    server,
    tool: name,
    hash: toFingerprint(definition),
    definition,
    status: trust === 'review' ? 'fresh' : 'pinned',
    offered: null,
    approvedBy: null,
    position,
    since: at,
  };
}

/** The very same pin when nothing is new. */
function toOfferedPin(pin: Pin, { definition }: ToolDefinition, position: number): Pin {
  const hash = toFingerprint(definition);
  const placed = pin.position === position ? pin : { ...pin, position };
  if (pin.hash === hash) {
    if (pin.status !== 'changed') return placed;
    return { ...placed, status: pin.approvedBy === null ? 'pinned' : 'approved', offered: null };
  }
  if (pin.status === 'fresh') return { ...placed, hash, definition };
  if (pin.offered?.hash === hash) return placed;
  return { ...placed, status: 'changed', offered: { hash, definition } };
}

function toFacts(before: Pin | undefined, after: Pin): readonly PinFact[] {
  const { server, tool, hash } = after;
  if (before === undefined && after.status === 'pinned')
    return [{ type: 'tool.pinned', server, tool, hash, was: hash }];
  if (after.offered !== null && after.offered.hash !== before?.offered?.hash)
    return [{ type: 'tool.changed', server, tool, hash: after.offered.hash, was: hash }];
  return [];
}
