/**
 * What one of the gateway's own tools is, and how its arguments are checked. A tool answers with a plain object; a
 * refusal is a thrown DreyError whose sentence tells a model what was wrong and what would be right.
 */
import { z } from 'zod';
import type { Asker } from '../../../machines/words/calls.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';

/** A call that was asked something and is made again: what was kept when it was asked. */
export interface AskingRound {
  readonly state: string | undefined;
  /** Called before something is asked. */
  keep(state: string): void;
}

export interface ToolContext {
  readonly needs: GatewayNeeds;
  readonly session: Session;
  /** Who asks now: its scopes are those of the key shown with this request, not with the session's first. */
  readonly principal: Principal;
  /** What the caller sees of the tools. */
  readonly view: ToolView;
  /** The trace of this call, for what is committed or announced on its behalf. */
  readonly traceparent: string | undefined;
  /** The client, where it can be asked while the tool runs. */
  readonly asker?: Asker | undefined;
  /** There where it is asked by the call's result, and answers by calling again. */
  readonly round?: AskingRound | undefined;
  /** Aborts when the client gives up. */
  readonly signal?: StopSignal | undefined;
}

/** One tool of our own: its definition as listed, and what it does. */
export interface OwnTool {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** What a caller needs for it; throws `argument_invalid` where that depends on arguments that are wrong. */
  toScope(args: unknown): Scope;
  run(args: unknown, context: ToolContext): Promise<object>;
}

interface ToolParts<I extends z.ZodType, O extends z.ZodType<object>> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly readOnly: boolean;
  /** What a caller needs; a function where it depends on what is asked for. */
  readonly scope: Scope | ((args: z.output<I>) => Scope);
  readonly input: I;
  readonly output: O;
  run(args: z.output<I>, context: ToolContext): Promise<z.output<O>>;
}

/** Makes a tool out of its schemas and its deed. */
export function createTool<I extends z.ZodType, O extends z.ZodType<object>>(
  parts: ToolParts<I, O>,
): OwnTool {
  const { scope } = parts;
  return {
    name: parts.name,
    toScope: (args) => (typeof scope === 'function' ? scope(parseArguments(parts.input, args)) : scope),
    definition: {
      name: parts.name,
      title: parts.title,
      description: parts.description,
      inputSchema: toSchema(parts.input, 'input'),
      outputSchema: toSchema(parts.output, 'output'),
      annotations: { readOnlyHint: parts.readOnly, destructiveHint: false, openWorldHint: false },
    },
    run: (args, context) => parts.run(parseArguments(parts.input, args), context),
  };
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** Checks arguments; the error names the field, what it must be and what came instead. */
export function parseArguments<S extends z.ZodType>(schema: S, args: unknown): z.output<S> {
  const parsed = schema.safeParse(args);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue === undefined ? [] : issue.path.map(String);
  const field = path.length === 0 ? 'the arguments' : path.join('.');
  const sentence = `${field} ${toMust(issue)}, got ${show(valueAt(args, path))}`;
  throw new DreyError('argument_invalid', sentence, { details: { field } });
}

/** What a field must be, in our words where the schema has none of its own. */
function toMust(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'cannot be used';
  if (!issue.message.startsWith('Invalid input') || issue.code !== 'invalid_type') return issue.message;
  const { expected } = issue;
  return expected === 'nonoptional' ? 'is required' : `must be of the type ${expected}`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Object.entries(at).find(([name]) => name === key)?.[1];
  }
  return at;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string' && value.length > 60) return `text of ${value.length} characters`;
  const json = JSON.stringify(value) ?? typeof value;
  return json.length <= 80 ? json : `${json.slice(0, 80)}…`;
}

/** Text of a person or a model: not blank, bounded, well-formed and without NUL, which no database keeps. */
export function text(what: string, charactersMax: number): z.ZodString {
  const must = `must be ${what}: text of 1 to ${charactersMax} characters`;
  return z
    .string({ error: must })
    .max(charactersMax, { error: must })
    .refine((value) => value.trim() !== '', { error: must })
    .refine((value) => value.isWellFormed() && !value.includes('\0'), {
      error: `must be ${what}: well-formed Unicode without NUL`,
    });
}

/** Characters that somebody may ask with, and that a tool's name may have that an agent made up. */
const askedCharactersMax = 100_000;
const toldNameMax = 10_000;

/** A task as it is asked about: who asks with a long one is not refused, its beginning counts, as that of an imported one does. */
export const askedTask = (what: string) =>
  text(what, askedCharactersMax).transform((task) => cut(task, limits.taskTextMax));

/** The name of a tool as an agent tells it: agents invent whole paragraphs, of which imports keep as much. */
export const toldName = text('a tool name', toldNameMax).transform((name) => cut(name, limits.toldNameMax));

/** Never through a character. */
const cut = (told: string, charactersMax: number) =>
  told.length > charactersMax ? told.slice(0, charactersMax).toWellFormed() : told;

/** A number from 0 to 1. */
export function fraction(): z.ZodNumber {
  const error = 'must be between 0 and 1';
  return z.number({ error }).min(0, { error }).max(1, { error });
}

/** A whole number within a range. */
export function count(min: number, max: number): z.ZodNumber {
  const error = `must be a whole number between ${min} and ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/** The optional namespace every bridge tool takes. */
export const namespaceField = z
  .string({ error: 'must be a namespace: 1 to 255 characters of a-z, 0-9, _ and -' })
  .regex(/^[a-z0-9_-]{1,255}$/, { error: 'must be a namespace: 1 to 255 characters of a-z, 0-9, _ and -' })
  .optional()
  .describe('The namespace to look in; leave it out to use your own.');
