/**
 * Which tools change the world, and which only look at it, told by their names. Constants are promoted where a tool only
 * looks: the same injected value reaches many tasks, so being frequent is no proof; a person or the task has to say it.
 */
import { toNameWords } from './terms.ts';

const changing = new Set(
  (
    'add alter append apply approve archive assign authorize award ban bash block book buy call cancel change charge ' +
    'checkout close cmd command commit compose confirm copy create debit delete deploy destroy disable dispatch drop ' +
    'edit email enable enter eval exchange exec execute expire forward forget format grant import insert install invite ' +
    'invoke issue kill link lock mail mark merge message modify move notify open order overwrite patch pay post powershell ' +
    'publish purchase purge push put raise refund reject release remove rename renew replace replies reply request ' +
    'reschedule reserve reset restart restore return revoke run save schedule script send set share shell sh shutdown ' +
    'sign start stop store submit subscribe sync terminal terminate toggle transfer trigger truncate unlink unlock ' +
    'unsubscribe update upload upsert wire withdraw write'
  ).split(' '),
);
/** A first word like these promises reading, whatever follows: `get_order`, `list_open_issues`. */
const reading = new Set(
  'calculate check compute count describe download fetch find get head inspect list look lookup query read search show stat status think tree validate verify view'.split(
    ' ',
  ),
);

/** What these words begin is no reading: `check_out_book`, `look_after_room`. */
const phrases = new Set(['check in', 'check off', 'check out', 'look after']);

/** A last word like these promises the same: `total_visits_count`, `directory_tree`. */
const readings = new Set(['count', 'tree', 'info', 'details', 'status']);
/** What such an argument says is paid, lent or bet, however the tool is called: `get_loan`. */
const money = new Set(
  'amount amounts balance balances budget budgets cost costs fee fees payment payments price prices'.split(
    ' ',
  ),
);

/** True where a call of this tool surely changes something outside, by its name. */
export function hasEffects(tool: string): boolean {
  const { words, isReading } = toToolWords(tool);
  if (isReading) return false;
  return words.some((word) => changing.has(word));
}

/**
 * Whether what always stood in an argument may become a constant without anybody's approval: only where the tool's name
 * promises that it reads, and nothing beside (`find_and_replace`). A name that promises nothing (`deposit_funds`,
 * `pack_box`) may do anything, and so may a tool that reads where the word that tells its calls apart says otherwise
 * (`query` with `action: delete`).
 */
export function mayBeConstantOf(tool: string, path: string, told = ''): boolean {
  if (toNameWords(told).some((word) => changing.has(word))) return false;
  if (toNameWords(path).some((word) => money.has(word))) return false;
  const { words, isReading } = toToolWords(tool);
  if (words.includes('and') && words.some((word) => changing.has(word))) return false;
  if (isReading) return true;
  return readings.has(words.at(-1) ?? '') && !words.some((word) => changing.has(word));
}

/** The words of a tool's name, and whether they begin like those that only look. */
function toToolWords(tool: string): { readonly words: readonly string[]; readonly isReading: boolean } {
  const own = tool.includes('__') ? tool.slice(tool.indexOf('__') + 2) : tool;
  const words = toNameWords(own.slice(own.lastIndexOf('.') + 1));
  const [first = '', second = ''] = words[0] === 'internal' ? words.slice(1) : words;
  return { words, isReading: reading.has(first) && !phrases.has(`${first} ${second}`) };
}
