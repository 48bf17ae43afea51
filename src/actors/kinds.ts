/**
 * Every kind of actor there is: its machine, and whether its steps are committed before anybody is answered. A durable
 * kind has hands for the durable host; the others are live roots whose hands are the file of their name. A new kind is
 * one line here and one file.
 */
import { machines } from '../../machines/machines.ts';
import type { MachineKind } from '../../machines/machines.ts';
import { createContextKind } from './context/context.ts';
import type { ContextKindOptions } from './context/context.ts';
import type { DurableKind } from './durable/durable-kind.ts';
import { runKind } from './run.ts';

export interface KindEntry {
  readonly kind: MachineKind;
  readonly machine: (typeof machines)[MachineKind]['machine'];
  readonly version: number;
  readonly edges: (typeof machines)[MachineKind]['edges'];
  readonly durable: boolean;
  /** Null for live roots, and for procedures, whose row is written by whoever changes it (`sop.ts`). */
  readonly hands: DurableKind | null;
}

const live = (kind: MachineKind): KindEntry => ({ kind, ...machines[kind], durable: false, hands: null });
const durable = (kind: MachineKind, hands: DurableKind | null): KindEntry => ({
  kind,
  ...machines[kind],
  durable: true,
  hands,
});

/** All kinds, in the order of the documentation. */
export const kinds: readonly KindEntry[] = [
  live('node'),
  live('session'),
  durable('context', createContextKind()),
  live('breaker'),
  live('resource'),
  live('supervisor'),
  live('learning'),
  live('worker'),
  durable('sop', null),
  durable('run', runKind),
];

/** The durable kinds with what this node does about them. */
export function createDurableKinds(context: ContextKindOptions): readonly DurableKind[] {
  return durableKinds.map((one) => (one.kind === 'context' ? createContextKind(context) : one));
}

/** The kinds that the durable host runs. */
export const durableKinds: readonly DurableKind[] = kinds.flatMap(({ hands }) => hands ?? []);
