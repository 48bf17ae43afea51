/**
 * What the gateway needs to show the catalogue to people, and to take their word for a tool. Whoever mounts the gateway
 * implements it.
 */
import type { HeldTool } from '../../machines/catalogue.store.ts';
import type { Difference, HiddenFlag } from '../upstream/upstream.ts';
import type { Principal } from './needs.ts';

/** One tool as people see it; hidden characters are written out. */
export interface ShownTool {
  readonly name: string;
  readonly server: string;
  readonly tool: string;
  readonly title: string | null;
  readonly description: string;
  readonly stale: boolean;
  readonly flags: readonly string[];
  readonly pin: {
    readonly hash: string;
    readonly status: string;
    readonly since: string;
    readonly approvedBy: string | null;
  } | null;
}

export interface ToolsView {
  /** Grows with each change. */
  readonly version: number;
  readonly tools: readonly ShownTool[];
  readonly held: readonly HeldTool[];
}

/** A tool that a person should look at. */
export interface ReviewedTool {
  readonly name: string | null;
  readonly server: string;
  readonly tool: string;
  /** `flagged` is listed all the same: what it hides is written out. */
  readonly why: HeldTool['why'] | 'flagged';
  readonly sentence: string;
  /** The fingerprint to approve; null where there is nothing to approve. */
  readonly hash: string | null;
  /** The fingerprint that counts now; null for what was never approved. */
  readonly was: string | null;
  /** What is offered. */
  readonly definition: Readonly<Record<string, unknown>> | null;
  readonly differences: readonly Difference[];
  readonly hidden: readonly HiddenFlag[];
}

export interface ToolsNeed {
  list(): ToolsView;
  review(): readonly ReviewedTool[];
  /** Approves exactly these definitions; answers those that waited. */
  approve(
    server: string,
    approvals: readonly { readonly tool: string; readonly hash: string }[],
    by: Principal,
  ): Promise<readonly { readonly tool: string; readonly hash: string }[]>;
}
