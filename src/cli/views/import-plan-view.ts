/** The plan of an import for people, as a difference of two files, and for programs. Secrets are hidden in both. */
import type { ClientName, Connection, ImportPlan, ServerEntry } from '../../clients/clients.ts';
import { toShownEntry, toShownLine } from '../config/shown-entry.ts';
import { toPlural } from '../terminal/durations.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';

export interface ShownPlan {
  readonly plan: ImportPlan;
  readonly client: { readonly name: ClientName; readonly title: string };
  readonly connection: Connection;
  readonly clientFile: string;
  readonly dreyFile: string;
  /** There is no drey.json yet. */
  readonly isNew: boolean;
}

interface Changed {
  readonly path: string;
  readonly backup: string | undefined;
}

/** What goes where, what stays, and what a person has to know. */
export function toPlanLines(
  { plan, client, connection, clientFile, dreyFile, isNew }: ShownPlan,
  paints: Paints,
): string[] {
  const { moves, stays, clientText } = plan;
  if (moves.length === 0 && stays.length === 0) return [`${clientFile} has no servers to move.`];
  const names = [...moves.map(toLabel), ...moves.map(({ alias }) => alias), ...stays.map(toLabel), 'drey'];
  const width = Math.min(30, Math.max(...names.map((name) => name.length)));
  const line = (mark: string, name: string, text: string) =>
    `  ${mark} ${toSafeText(name).padEnd(width)}  ${toSafeText(text)}`;
  const removed = moves.map((move) => paints.bad(line('-', toLabel(move), toShownLine(move.entry))));
  const added = moves.flatMap((move) => [
    move.known
      ? paints.faint(line(' ', move.alias, 'is there already'))
      : paints.good(line('+', move.alias, toShownLine(move.entry))),
    ...move.notes.map((note) => paints.warn(`      ${toSafeText(note)}`)),
  ]);
  return [
    ...(clientText === undefined
      ? [
          `${paints.strong(client.title)}, ${toSafeText(clientFile)}: ${moves.length === 0 ? 'nothing moves' : 'left as it is'}`,
        ]
      : [
          `${paints.strong(client.title)}, ${toSafeText(clientFile)}`,
          ...removed,
          paints.good(line('+', 'drey', toTarget(connection))),
        ]),
    ...(moves.length === 0
      ? []
      : [`${paints.strong('Drey')}, ${toSafeText(dreyFile)}${isNew ? ' (new)' : ''}`, ...added]),
    ...(stays.length === 0 ? [] : [`${paints.strong('Stays')} in ${client.title}`]),
    ...stays.map((stay) => line(' ', toLabel(stay), stay.reason)),
    ...(moves.some(({ project }) => project !== undefined)
      ? ['Servers of one project are offered to every client of Drey from then on.']
      : []),
  ];
}

/** What was done and how to undo it. */
export function toDoneLines({ plan, client }: ShownPlan, changed: readonly Changed[]): string[] {
  return [
    `${toPlural(plan.moves.length, 'server')} moved. Backups:`,
    ...changed.map(({ path, backup }) => `  ${backup ?? `none of ${path}, which is new`}`),
    `Restart ${client.title}; a node that runs takes the servers over by itself. To go back: drey config restore <file>`,
  ];
}

/** The same for programs. */
export function toPlanView(shown: ShownPlan, changed: readonly Changed[] | undefined): object {
  const { plan, client, clientFile, dreyFile } = shown;
  return {
    client: client.name,
    file: clientFile,
    drey_file: dreyFile,
    moves: plan.moves.map(({ name, project, alias, entry, known, notes }) => ({
      name,
      project: project ?? null,
      alias,
      known,
      entry: toShownEntry(entry),
      notes,
    })),
    stays: plan.stays.map(({ name, project, reason }) => ({ name, project: project ?? null, reason })),
    done: changed !== undefined,
    changed: (changed ?? []).map(({ path, backup }) => ({ file: path, backup: backup ?? null })),
  };
}

function toLabel({ name, project }: { readonly name: string; readonly project: string | undefined }): string {
  const folder = project?.split(/[/\\]/).findLast((part) => part !== '');
  return folder === undefined ? name : `${folder}/${name}`;
}

function toTarget(connection: Connection): string {
  const entry: ServerEntry = 'url' in connection ? { url: connection.url } : connection;
  return toShownLine(entry);
}
