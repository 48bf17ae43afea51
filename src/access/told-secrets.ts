/**
 * Secrets that people tell each other in a sentence: "the password of the wifi is …", "mein Kennwort lautet …", "my pin is 4711".
 * A word alone is never taken for one ("the password is wrong", "… is on the fridge"): it must look like no word, stand in
 * quotes, or be one of the words of a passphrase. Every expression is linear: what it repeats is bounded.
 */
import type { SecretPattern } from './secret-patterns.ts';
import { joinedNouns, keyNouns, passwordNouns, phraseNouns, pinNouns, unspacedNouns } from './told-nouns.ts';
import { isFiller, isNoWord, isProse, isState, fillers, letter, states } from './told-words.ts';

const passwords = `${joinedNouns.join('|')}|(?<!${letter})(?:${passwordNouns.join('|')})`;
const nouns = `${passwords}|${keyNouns.join('|')}`;
/** A number that is a pin of a chip is no secret. */
const pins = `(?<!${letter}|gpio[ -])(?:(?:${pinNouns.join('|')})(?:[ -]?(?:code|number|nummer))?|geheimzahl)`;
/** With these the number needs no verb. */
const numbered = `(?<!${letter})(?:pin[ -]?code|cv[vc]|geheimzahl)|(?<!${letter})(?:use|using|enter|type|with|my|your|mit|meine?|deine?)\\s{1,3}(?:the |my |your |code )?${pins}`;

/** What the secret opens: "of the wifi", "für das WLAN", "de la red". */
const gap =
  `(?:\\s{1,3}(?:of|for|to|from|on|in|at|für|von|vom|des|der|zum|zur|im|am|de|du|del|della|pour|para|do|da|di|per|van|voor|oт|для)` +
  `(?:\\s{1,3}[^\\s"'\`:=.;!?]{1,32}){1,5}?|\\s{1,3}d'[^\\s"'\`:=.;!?]{1,32})?`;
const tells = `\\s{1,3}(?:is|was|will be|ist|war|lautet|est|es|era|é|è|этo)(?:\\s{1,3}(?:now|still|again|currently|jetzt|nun|maintenant|ahora|agora|nu|adesso))?(?:\\s{0,3}:)?\\s{1,3}`;
/** Where something goes to is told with "to" as well: what a password becomes is said of a change alone. */
const change = `(?<!${letter})(?:set|chang(?:e|ed|ing)|reset(?:ting)?)\\s{1,3}(?:[^\\s"'\`:=.;!?]{1,32}\\s{1,3}){0,3}?`;
const becomes = `(?<!according|due|prior|access|connection|back|sent)\\s{1,3}to(?:\\s{0,3}:)?\\s{1,3}`;
/** A prompt ends with a colon as well, and what follows its "user" is none. */
const unnamed = '(?<!user|username|account|host|benutzer)[ \\t]{0,3}';
/** Behind more than the noun there is a blank: "scope:read2" and "host=db1" are values of something else. */
const colon = `(?:${gap}${unnamed}[:=][ \\t]{1,3}|${unnamed}[:=][ \\t]{0,3})`;

const no = '(?!\\[redacted:|[$<{%*/~]|\\./)';
const ends = '\\s"\'`“”„«»<>(){}|\\\\;,&';
/** Without the full stop of its sentence; "bob2's" is somebody. */
const bare = `${no}[^${ends}]{3,256}?(?<![.:?])(?=[.:?]{0,3}(?:[${ends}]|$))(?!'s(?!${letter}))`;
/** Behind an opening quote, and up to the other one. */
const quoted = `(?<=["'\`“„«])(?!\\[redacted:)[^"'\`“”„«»\\\\\\r\\n]{2,63}?(?<![.,])(?=[.,]?["'\`”“»])`;
/** "12345678 characters" is none. */
const uncounted =
  '(?!\\s{1,3}(?:of|percent|bits?|bytes?|char(?:acter)?s?|digits?|letters?|words?|times?|attempts?|days?|hours?|minutes?|seconds?|rows|users|items|entries|requests|tokens|zeichen|ziffern|stellen|tage|caract[eè]res)(?![a-z]))';
const word = `(?!(?:${fillers})(?!${letter}))${letter}{3,16}(?!${letter})`;
const number = `(\\d{3}[ -]\\d{3}|\\d{4,8}|(?<=cv[vc][^]{1,40})\\d{3})(?![\\w%]|[.:-]\\w)${uncounted}`;

const isChanged = /(?:set|chang(?:e|ed|ing)|setting)\s/i;
const hasPin = new RegExp(`(?<!${letter})(?:${pinNouns.join('|')}|geheimzahl)`, 'i');
const isBehindQuote = (before: string): boolean => /["'`“„«]$/.test(before);
/** A token, key or secret that "is" a word in quotes has that name, or is what a parser met; behind a colon it is its value. */
const isOfKey = (before: string): boolean =>
  /^(?:[^\s:=]{0,40}(?:token|secret|key)(?![a-z])|(?:api|access) key)[^:=]*$/i.test(before);

function isTold(told: string, before: string): boolean {
  if (!isBehindQuote(before) || isOfKey(before)) return isNoWord(told);
  return !isState.test(told) && !isFiller.test(told) && !/^[$<{%*]/.test(told);
}

/** In the order in which they are tried, those of one hint beside each other; `names` are those that stand for secrets anywhere, of which `speaks` tells if one is there. */
export function createToldPatterns(names: string, speaks: RegExp): readonly SecretPattern[] {
  const subject = `(?:${names}|${nouns})`;
  const from = (expression: string): RegExp => new RegExp(expression, 'gi');
  return [
    {
      kind: 'secret',
      hint: /phrase/i,
      expression: from(
        `((?:${phraseNouns.join('|')})(?:${colon}|${gap}${tells}(?=(?:${word}\\s{1,2}){3}))["'\`“„«]?)` +
          `(?!(?:${states})(?!${letter}))(${word}(?:[ \\t-]{1,2}${word}){1,23})`,
      ),
      check: (told, before) => isBehindQuote(before) || !isProse(told),
    },
    {
      kind: 'secret',
      hint: isChanged,
      expression: from(
        `(${change}(?:pass(?:word|phrase|code)|${passwords})${gap}${becomes}["'\`“„«]?)(${quoted}|${bare}${uncounted})`,
      ),
      check: (told, before) => isTold(told, before) && !/^[^@]+@[^@]+\.[a-z]{2,}$/i.test(told),
    },
    {
      kind: 'secret',
      hint: hasPin,
      expression: from(
        `((?:${pins}(?:${gap}${tells}|${colon})|${change}${pins}${gap}${becomes}|(?:${numbered})[ \\t#]{1,3})["'\`“„«]?)${number}`,
      ),
    },
    {
      kind: 'secret',
      hint: new RegExp(unspacedNouns.join('|')),
      expression: new RegExp(
        `((?:${unspacedNouns.join('|')})\\s{0,2}(?:是|为|為|は|는|:|=)\\s{0,2}["'「“]?)(?=[!-~]{0,60}[\\d!@#$%^*])([!-~]{4,64})`,
        'g',
      ),
    },
    {
      kind: 'secret',
      hint: speaks,
      expression: from(
        `((?:${subject}(?:${gap}${tells}|${colon})|(?<!${letter})hasło${gap}\\s{1,3}(?:to|jest)\\s{1,3})["'\`“„«]?)(${quoted}|${bare}${uncounted})`,
      ),
      check: isTold,
    },
    {
      kind: 'secret',
      hint: speaks,
      expression: from(
        `((?:with|using|and|mit|und|avec|con|met)\\s{1,3}(?:the |my |your |dem |meinem |le |mon |la |mi )?(?:pass(?:word|code|wort)|kennwort|mot de passe|contraseña|senha)\\s{1,3})` +
          `(?=${letter}*\\d)(?=\\d*${letter})([\\w!@#$%^*]{6,64})(?![\\w./:-])`,
      ),
      check: isNoWord,
    },
  ];
}
