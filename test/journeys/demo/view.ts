/**
 * The demo's live view: sessions, breakers, events and SOPs as they appear. On a terminal it redraws one screen; elsewhere
 * it prints a line an event. It only reads from the node's public faces.
 */
import pc from 'picocolors';
import type { NodeProcess } from './node.ts';

interface StatusView {
  readonly resources: readonly { readonly id: string; readonly state: string }[];
  readonly breakers?: readonly { readonly id: string; readonly state: string }[];
  readonly events: { readonly waiting: number; readonly appended?: number };
  readonly sessions: number;
}

export interface SopView {
  readonly sop_id: string;
  readonly trigger: string;
  readonly confidence: number;
  readonly occurrences: number;
  readonly status: string;
}

interface EventView {
  readonly type: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly data: {
    readonly name?: string;
    readonly task?: string;
    readonly trigger?: string;
    readonly durationMs?: number;
    readonly isError?: boolean;
  };
}

const eventsShown = 9;
const refreshMs = 250;

export interface LiveView {
  /** The line that says what the demo is doing now. */
  say(line: string): void;
  stop(): Promise<void>;
  /** Events seen so far. */
  readonly seen: () => number;
}

/** Follows the node's events and redraws until stopped. */
export function openView(node: NodeProcess, screen: boolean): LiveView {
  const events: string[] = [];
  let seen = 0;
  let doing = '';
  const abort = new AbortController();
  const following = follow(`${node.url}/api/v1/events?from=new`, abort.signal, (event) => {
    seen += 1;
    events.push(toLine(event));
    if (events.length > eventsShown) events.shift();
    if (!screen) process.stdout.write(`  ${toLine(event)}\n`);
  });
  const draw = async (): Promise<void> => {
    const [status, { sops }] = await Promise.all([
      node.get<StatusView>('/api/v1/status'),
      node.get<{ sops: SopView[] }>('/api/v1/sops?min_confidence=0&limit=6'),
    ]);
    process.stdout.write(toScreen(node.url, doing, status, events, sops));
  };
  const timer = screen ? setInterval(() => void draw().catch(() => undefined), refreshMs) : undefined;
  return {
    seen: () => seen,
    say(line) {
      doing = line;
      if (!screen) process.stdout.write(`${pc.bold(line)}\n`);
    },
    async stop() {
      clearInterval(timer);
      if (screen) await draw().catch(() => undefined);
      abort.abort();
      await following;
    },
  };
}

function toScreen(
  url: string,
  doing: string,
  status: StatusView,
  events: readonly string[],
  sops: readonly SopView[],
): string {
  const width = Math.min(process.stdout.columns || 100, 120);
  const cut = (line: string): string => (line.length > width ? `${line.slice(0, width - 1)}…` : line);
  const lines = [
    `${pc.bold('drey')}  ${url}   sessions ${status.sessions}   events waiting ${status.events.waiting}`,
    pc.bold(doing),
    '',
    `${pc.dim('resources')}  ${status.resources.map((one) => `${one.id} ${toState(one.state)}`).join('   ')}`,
    `${pc.dim('breakers ')}  ${(status.breakers ?? []).map((one) => `${one.id} ${toState(one.state)}`).join('   ')}`,
    '',
    pc.dim('events'),
    ...Array.from({ length: eventsShown }, (_, index) => cut(`  ${events[index] ?? ''}`)),
    '',
    pc.dim('procedures'),
    ...sops.map((sop) =>
      cut(`  ${sop.confidence.toFixed(2)}  ×${sop.occurrences}  ${sop.status.padEnd(9)}  ${sop.trigger}`),
    ),
  ];
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`;
}

function toState(state: string): string {
  return /^(healthy|closed)/.test(state) ? pc.green(state) : pc.yellow(state);
}

function toLine(event: EventView): string {
  const what = event.data.name ?? event.data.task ?? event.data.trigger ?? '';
  const ms = event.data.durationMs === undefined ? '' : ` ${event.data.durationMs.toFixed(1)} ms`;
  const failed = event.data.isError === true ? pc.red(' error') : '';
  return `${event.type.padEnd(18)} ${event.actor.kind}/${event.actor.id.slice(0, 14)}  ${what}${ms}${failed}`;
}

async function follow(url: string, signal: AbortSignal, onEvent: (event: EventView) => void): Promise<void> {
  try {
    const answer = await fetch(url, { signal, headers: { accept: 'text/event-stream' } });
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data:')) onEvent(JSON.parse(line.slice(5)) as EventView);
    }
  } catch {
    // The node has stopped, or the view has: either way there is nothing more to show.
  }
}
