/**
 * Secrets that people tell each other in a sentence: "the password of the wifi is …", "mein Kennwort lautet …", "pin 4711".
 * A word alone is never taken for one ("the password is wrong", "… is on the fridge"): it must look like no word, stand in
 * quotes, or be one of the words of a passphrase. Every expression is linear: what it repeats is bounded.
 */
import type { SecretPattern } from './secret-patterns.ts';

const letter = '[A-Za-zÀ-ɏЀ-ӿ]';
const pins = '(?:pin|otp|cvv|cvc)(?:[ -]?(?:code|number|nummer))?';
/** What people call a secret and names of values do not; Cyrillic letters that look like Latin ones are read as these. */
const nouns =
  `pass (?:word|phrase|code)|passwort|kennwort|geheimzahl|zugangscode|mot de passe|contrase[nñ]a|clave|senha|wachtwoord|hasło|пapoль|(?<!${letter})${pins}|` +
  `(?:one[ -]time|access|door|gate|alarm|security|verification) (?:code|password)|api key|access key`;

/** What the secret opens: "of the wifi", "für das WLAN", "de la red". */
const gap =
  `(?:\\s{1,3}(?:of|for|to|from|on|in|at|für|von|vom|des|der|zum|zur|im|am|de|du|del|della|pour|para|do|da|di|per|van|voor|oт|для)` +
  `(?:\\s{1,3}[^\\s"'\`:=.;!?]{1,32}){1,5}?|\\s{1,3}d'[^\\s"'\`:=.;!?]{1,32})?`;
const tells = `\\s{1,3}(?:is|was|will be|ist|war|lautet|est|es|era|é|è|to|этo)(?:\\s{1,3}(?:now|still|again|currently|jetzt|nun|maintenant|ahora|agora|nu|adesso))?(?:\\s{0,3}:)?\\s{1,3}`;
/** A prompt ends with a colon as well, and what follows its "user" is none. */
const colon = '(?<!user|username|account|host|benutzer)[ \\t]{0,3}[:=][ \\t]{0,3}';

const no = '(?!\\[redacted:|[$<{%*/~]|\\./)';
const ends = '\\s"\'`“”„«»<>(){}|\\\\;,&';
/** Without the full stop of its sentence. */
const bare = `${no}[^${ends}]{3,256}?(?<![.:?])(?=[.:?]{0,3}(?:[${ends}]|$))`;
/** Behind an opening quote, and up to the other one. */
const quoted = `(?<=["'\`“„«])(?!\\[redacted:)[^"'\`“”„«»\\\\\\r\\n]{2,63}?(?<![.,])(?=[.,]?["'\`”“»])`;
/** "12345678 characters" is none. */
const uncounted =
  '(?!\\s{1,3}(?:of|percent|bits?|bytes?|char(?:acter)?s?|digits?|letters?|words?|times?|attempts?|days?|hours?|minutes?|zeichen|ziffern|stellen|tage|caract[eè]res)(?![a-z]))';

/** Words that make a sentence of what follows; none of them is in a passphrase. */
const fillers =
  'an?|the|is|are|was|be|been|not|no|and|or|but|if|then|so|too?|of|for|in|on|at|by|with|from|as|its?|you|your|we|they|i|my|this|that|must|should|can|will|has|have|when|please|' +
  'der|die|das|eine?|ist|und|oder|nicht|kein|zu|mit|von|für|auf|im|les?|la|une?|est|et|ou|pas|de|du|des|el|los|es|y|en|con|por|il|lo|non|per|het|een|niet|van|op';
/** What is said of a secret in a word. */
const states =
  'required|optional|(?:in)?valid|wrong|incorrect|missing|empty|blank|(?:un)?set|null|none|undefined|expired|weak|strong|changed|reset|hidden|stored|kept|' +
  'encrypted|hashed|protected|unknown|needed|mandatory|confidential|falsch|richtig|leer|erforderlich|abgelaufen|ungültig|incorrect[ao]|requise?';
const word = `(?!(?:${fillers})(?!${letter}))${letter}{3,16}(?!${letter})`;
const isFiller = new RegExp(`(?<!${letter})(?:${fillers})(?!${letter})`, 'i');
const isState = new RegExp(`^(?:${states}|correct|right)(?!${letter})`, 'i');
/** Sizes, names of methods and of files, dates and times. */
const isOrdinary =
  /^(?:\d{1,3}(?:-\d+)?-?(?:%|[a-z]{1,2}|bits?|bytes?|chars?|characters?|digits?|letters?|days?|hours?|stellig)|\d{1,2}-\d{1,2}|\d{4}-\d\d-\d\d.*|\d{1,2}:\d\d.*|(?:sha-?\d|md5|argon2|bcrypt|scrypt|pbkdf2|base\d|aes-?\d|rsa-?\d|utf-?\d|oauth\d?|v\d).*|.*:\/\/.*|.*\.(?:json|ya?ml|toml|txt|md|env|pem|[jt]sx?|py))$/i;
const joinedWords = new RegExp(`^${letter}+(?:[-_.]${letter}+){3,}$`);

/** Whether a word of a sentence looks like none. */
function isNoWord(told: string): boolean {
  const core = told.replace(/[!?.:]+$/, '');
  if (core.length < 4 || isOrdinary.test(core)) return false;
  // Words joined as generators do it, and no sentence ("out-of-the-box").
  return /[\d!@#$%^*]/.test(core) || (joinedWords.test(core) && !isFiller.test(core));
}

const isQuoted = (told: string): boolean =>
  !isState.test(told) && !isFiller.test(told) && !/^[$<{%*]/.test(told);

/** A piece of every noun here. */
export const toldHint =
  'pass[ cw]|phrase|kennwort|geheim|zugangs|mot de p|contrase|clave|senha|wachtw|hasło|пapoль|pin|otp|cv[vc]|(?:time|access|door|gate|alarm|security|verification) (?:code|password)|(?:api|access) key';

/** In the order in which they are tried; `names` are those that stand for secrets anywhere, of which `speaks` tells if one is there. */
export function createToldPatterns(names: string, speaks: RegExp): readonly SecretPattern[] {
  const subject = `(?:${names}|${nouns})`;
  const from = (expression: string): RegExp => new RegExp(expression, 'gi');
  return [
    {
      kind: 'secret',
      hint: speaks,
      expression: from(
        `((?:pass ?|seed |recovery )phrase${gap}(?:${colon}|${tells}(?=(?:${word}\\s{1,2}){3}))["'\`“„«]?)` +
          `(?!(?:${states})(?!${letter}))(${word}(?:[ \\t-]{1,2}${word}){1,23})`,
      ),
    },
    {
      kind: 'secret',
      hint: speaks,
      expression: from(`(${subject}${gap}(?:${tells}|${colon})["'\`“„«]?)(${quoted}|${bare}${uncounted})`),
      check: (told, before) => (/["'`“„«]$/.test(before) ? isQuoted(told) : isNoWord(told)),
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
    {
      kind: 'secret',
      hint: speaks,
      expression: from(
        `((?<!${letter})(?:${pins}|geheimzahl)(?:${tells}|[ \\t:=#]{1,3}))(\\d{4,8}|(?<=cv[vc][^]{1,40})\\d{3})(?![\\w.%:-])${uncounted}`,
      ),
    },
    {
      kind: 'secret',
      hint: /密[码碼]|口令|パスワード|暗証番号|비밀번호/,
      expression:
        /((?:密[码碼]|口令|パスワード|暗証番号|비밀번호)\s{0,2}(?:是|为|為|は|는|:|=)\s{0,2}["'「“]?)(?=[!-~]{0,60}[\d!@#$%^*])([!-~]{4,64})/g,
    },
  ];
}
