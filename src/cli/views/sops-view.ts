/** SOPs for people: a list of them, and one with its steps, where their arguments come from, and what proves them. */
import { z } from 'zod';
import { findParts, toStepsText } from '../../../machines/words/parts.ts';
import { toPlural } from '../terminal/durations.ts';
import { paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';
import { toStatus } from './answers.ts';
import type { SopView, StepView } from './answers.ts';

/** Characters of an id in a list; `show` takes any unique beginning. */
const idCharsShown = 14;
const evidenceShownMax = 10;
const valueCharsMax = 60;

/** The list: one line a SOP. */
export function toSopsLines(sops: readonly SopView[], paints: Paints, cells: number): string[] {
  if (sops.length === 0)
    return ['No SOPs here yet. They appear about 30 s after agents finished a task three times.'];
  const columns = [
    { title: 'ID' },
    { title: 'CONF', align: 'right' },
    { title: 'TASKS', align: 'right' },
    { title: 'STATUS' },
    { title: 'TRIGGER' },
  ] as const;
  const rows = sops.map((sop) => [
    { text: Number.isFinite(cells) ? sop.sop_id.slice(0, idCharsShown) : sop.sop_id, paint: paints.name },
    sop.confidence.toFixed(2),
    String(sop.occurrences),
    { text: toStatus(sop), paint: paintState(paints, toStatus(sop)) },
    sop.trigger,
  ]);
  return toTable(columns, rows, cells);
}

/** One SOP in full. */
export function toSopLines(sop: SopView, paints: Paints): string[] {
  const status = toStatus(sop);
  const evidence = sop.evidence.slice(-evidenceShownMax);
  const missing = sop.evidence.length - evidence.length;
  return [
    paints.strong(toSafeText(sop.trigger)),
    `${toSafeText(sop.sop_id)}  ${paintState(paints, status)(toSafeText(status))}  confidence ${sop.confidence.toFixed(2)}  learned from ${toPlural(sop.occurrences, 'task')}`,
    ...toRecordLines(sop),
    '',
    ...sop.procedure.flatMap((step, index) => toStepLines(step, index, sop, paints)),
    ...(sop.procedure.length === 0 ? toNumbered(sop.steps) : []),
    ...toPartLines(sop, paints),
    ...toPitfallLines(sop, paints),
    ...(evidence.length === 0
      ? []
      : [
          '',
          `Proved by the calls${missing > 0 ? ` (newest ${evidence.length} of ${sop.evidence.length})` : ''}`,
        ]),
    ...evidence.map((id) => `  ${paints.faint(toSafeText(id))}`),
  ];
}

/** What silent predictions were worth, and what it waits for. */
function toRecordLines({ sop_id: id, metadata }: SopView): string[] {
  const told = Record.safeParse(metadata);
  if (!told.success) return [];
  const { reliability, waits_for: waitsFor, part_of: partOf } = told.data;
  const { share, checked = 0, last_checked_at: at, reason } = reliability ?? {};
  const checks =
    typeof share === 'number' && typeof at === 'string'
      ? `right in ${Math.round(share * 100)} % of ${toPlural(checked, 'silent prediction')}, last checked ${at}`
      : 'not checked yet by silent predictions';
  return [
    toSafeText(checks),
    ...(typeof reason === 'string' ? [toSafeText(reason)] : []),
    ...(waitsFor === undefined ? [] : [toSafeText(`waits for ${waitsFor} ("drey sops approve ${id}")`)]),
    ...(partOf === undefined
      ? []
      : [toSafeText(`part of ${partOf.join(', ')}: not given to agents for a task by itself`)]),
  ];
}

const Record = z.object({
  reliability: z
    .object({
      share: z.number().nullable(),
      checked: z.number(),
      last_checked_at: z.string().nullable(),
      reason: z.string().nullable(),
    })
    .partial()
    .optional(),
  waits_for: z.string().optional(),
  part_of: z.array(z.string()).optional(),
});

/** The readable steps, numbered. */
export function toNumbered(steps: readonly string[]): string[] {
  return steps.map((line, index) => `  ${toNumber(index)} ${toSafeText(toBare(line))}`);
}

function toNumber(index: number): string {
  return `${index + 1}.`.padStart(3);
}

/** Some lines bring their number with them. */
function toBare(line: string): string {
  return line.replace(/^\d{1,4}[.)]\s+/, '');
}

function toStepLines(step: StepView, index: number, sop: SopView, paints: Paints): string[] {
  const marks = [
    step.optional ? 'optional' : '',
    step.repeated ? 'repeated' : '',
    step.alternatives.length > 0 ? `or ${step.alternatives.join(', ')}` : '',
    step.requires === undefined || step.requires.length === 0
      ? ''
      : `requires ${step.requires.map((each) => each.step + 1).join(', ')}`,
    step.support < 1 ? `in ${Math.round(step.support * 100)} %` : '',
  ].filter((mark) => mark !== '');
  const shown = marks.length === 0 ? '' : `  ${paints.faint(toSafeText(`(${marks.join('; ')})`))}`;
  const line = sop.steps.length === sop.procedure.length ? (sop.steps[index] ?? step.tool) : step.tool;
  return [
    `  ${toNumber(index)} ${toSafeText(toBare(line))}${shown}`,
    ...Object.entries(step.args).map(
      ([name, binding]) =>
        `        ${paints.name(toSafeText(name))} ${paints.faint('from')} ${toSafeText(toSource(binding))}${toRecord(binding, paints)}`,
    ),
  ];
}

/** How often it was so, and what speaks against it. */
function toRecord({ from, support, against, exceptions }: StepView['args'][string], paints: Paints): string {
  if (from === 'ask' || (support >= 1 && against === 0)) return '';
  const calls = exceptions.length === 0 ? '' : `: ${exceptions.slice(0, evidenceShownMax).join(', ')}`;
  const others = against === 0 ? '' : `; otherwise in ${toPlural(against, 'task')}${calls}`;
  return `  ${paints.faint(toSafeText(`(in ${Math.round(support * 100)} %${others})`))}`;
}

function toSource(binding: StepView['args'][string]): string {
  const step = binding.step === undefined ? 'an earlier step' : `step ${binding.step + 1}`;
  const at = binding.path === undefined || binding.path === '' ? '' : ` at ${binding.path}`;
  const which = binding.selector === undefined ? '' : ` (${binding.selector})`;
  if (binding.from === 'constant')
    return `the constant ${(JSON.stringify(binding.value) ?? 'null').slice(0, valueCharsMax)}`;
  if (binding.from === 'task') return `the task${which}`;
  if (binding.from === 'result') return `the result of ${step}${at}${which}`;
  if (binding.from === 'argument') return `the argument of ${step}${at}${which}`;
  return binding.from === 'ask' ? 'the user: it differs from task to task' : binding.from;
}

/** Which steps are a procedure of their own. */
function toPartLines({ procedure }: SopView, paints: Paints): string[] {
  const lines = findParts(procedure).map(
    ({ sopId, name, places }) =>
      `  ${toStepsText(places)}: ${toSafeText(name)}  ${paints.name(toSafeText(sopId))}`,
  );
  return lines.length === 0 ? [] : ['', 'Parts', ...lines];
}

function toPitfallLines(sop: SopView, paints: Paints): string[] {
  const { pitfalls } = sop.metadata;
  if (!Array.isArray(pitfalls) || pitfalls.length === 0) return [];
  const lines = pitfalls.flatMap((pitfall: unknown) => {
    if (typeof pitfall !== 'object' || pitfall === null || !('tool' in pitfall)) return [];
    const { tool, program, failedTimes, recoveredBy, recoveredProgram, step } = pitfall as Record<
      string,
      unknown
    >;
    const called = (name: unknown, ran: unknown) =>
      typeof ran === 'string' ? `${String(name)} (${ran})` : String(name);
    const by =
      typeof recoveredBy === 'string' ? `; ${called(recoveredBy, recoveredProgram)} recovered it` : '';
    const where = typeof step === 'number' ? `at step ${step + 1}` : 'here';
    const times = toPlural(typeof failedTimes === 'number' ? failedTimes : 1, 'time');
    return [`  ${paints.warn('!')} ${toSafeText(`${called(tool, program)} failed ${times} ${where}${by}`)}`];
  });
  return lines.length === 0 ? [] : ['', 'Pitfalls', ...lines];
}
