/**
 * The parts of a case that are looked at only while a procedure is read off it, as texts: the task with its particulars,
 * and each call's arguments with their sources. What is unpacked is what was packed.
 */
import type { CaseCall, CaseText } from './case.ts';
import type { Primitive } from './leaves.ts';
import type { Particular } from './particulars.ts';
import type { Line } from './line.ts';
import type { Stock } from './stock.ts';
import type { Argument, Source } from './sources.ts';

type PackedText = [
  task: string,
  particulars: [start: number, end: number, name: string, when: Particular['when']][],
  values: readonly string[],
];
type PackedArgument = [path: string, tainted: 0 | 1, sources: (number | Source)[], value?: Primitive];
type PackedCall = [gave: number | string, ...args: PackedArgument[]];

const nothing: CaseText = { task: '', particulars: [], values: [] };

/** '' where no task was stated. */
export function packText({ task, particulars, values }: CaseText): string {
  if (task === '') return '';
  const packed: PackedText = [
    task,
    particulars.map(({ start, end, name, when }) => [start, end, name, when]),
    values,
  ];
  return JSON.stringify(packed);
}

/** What `packText` was given. */
export function unpackText(text: string): CaseText {
  if (text === '') return nothing;
  const [task, particulars, values] = JSON.parse(text) as PackedText;
  return {
    task,
    particulars: particulars.map(([start, end, name, when]) => ({ start, end, name, when })),
    values,
  };
}

/** Calls without their symbols, which the line has; their ids in a line of their own. */
export function packCalls(calls: readonly Omit<CaseCall, 'symbol'>[], stock: Stock): string {
  if (calls.length === 0) return '';
  const packed = calls.map(({ args, gave }): PackedCall => [
    gave === '' ? -1 : stock.packPaths(gave),
    ...args.map(({ path, value, sources, tainted }): PackedArgument => {
      const own = sources.map(stock.packSource);
      return value === undefined ? [path, tainted ? 1 : 0, own] : [path, tainted ? 1 : 0, own, value];
    }),
  ]);
  // Joined it is one text: put together in another way it would be kept in pieces, which take more room.
  return [JSON.stringify(calls.map(({ callId }) => callId)), JSON.stringify(packed)].join('\n');
}

/** The ids of the calls that `packCalls` was given. */
export function unpackCallIds(text: string): readonly string[] {
  return text === '' ? [] : (JSON.parse(text.slice(0, text.indexOf('\n'))) as string[]);
}

/** What `packCalls` was given, with the symbols of the line. */
export function unpackCalls(text: string, line: Line, stock: Stock): CaseCall[] {
  if (text === '') return [];
  const ids = unpackCallIds(text);
  const packed = JSON.parse(text.slice(text.indexOf('\n'))) as PackedCall[];
  return packed.flatMap(([gave, ...args], at) => {
    const [callId, symbol] = [ids[at], line.symbols[at]];
    if (callId === undefined || symbol === undefined) return [];
    return [
      {
        callId,
        symbol,
        args: args.map((each) => unpackArgument(each, stock)),
        gave: gave === -1 ? '' : stock.unpackPaths(gave),
      },
    ];
  });
}

function unpackArgument([path, tainted, sources, value]: PackedArgument, stock: Stock): Argument {
  return { path, value, sources: sources.map(stock.unpackSource), tainted: tainted === 1 };
}
