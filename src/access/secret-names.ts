/**
 * Which names stand for secrets, however they are written: `API_KEY`, `apiKey`, `api-key`. Names of things about a
 * secret (`secret_name`, `password_policy`) and places in a list (`next_page_token`) are not secrets: learning needs
 * them.
 */
import { toSkeleton } from './skeleton.ts';

const namesMax = 4_000;
const nameCharactersMax = 100;

/** A name that contains one of these is a secret's, unless its last word says that it is about one. */
const anywhere = ['password', 'passwd', 'passphrase', 'secret', 'privatekey', 'apikey', 'credential'];
/** A name that ends with one of these is a secret's. */
const atTheEnd = [
  'pwd',
  'accesskey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'masterkey',
  'sshkey',
  'accesskeyid',
];
const whole = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'otp',
  'cvv',
  'cvc',
  'jwt',
]);
const aboutWords = new Set(
  'name names id ids arn path version versions type hint policy length count url file field expiry label store manager'.split(
    ' ',
  ),
);
/** `page_token` and its like say where in a list one is. */
const placeWords = new Set(
  'page next previous prev continuation continue cursor sync progress cancellation'.split(' '),
);

/** Names whose values are somebody's own, and what such a value has at least. */
const personal: ReadonlyMap<string, NamedKind> = new Map(
  Object.entries({
    phone:
      'phone phonenumber telephone telephonenumber mobile mobilenumber mobilephone cellphone msisdn faxnumber',
    card: 'cardnumber creditcard creditcardnumber debitcardnumber ccnumber pan primaryaccountnumber',
    iban: 'iban ibannumber',
    ssn: 'ssn socialsecurity socialsecuritynumber nationalinsurancenumber',
  } satisfies Record<Exclude<NamedKind, 'secret' | 'pin'>, string>).flatMap(([kind, all]) =>
    all.split(' ').map((name) => [name, kind as NamedKind] as const),
  ),
);

/** What a name says that its value is; a `pin` is a secret only where it is made of digits: boards have pins as well. */
export type NamedKind = 'secret' | 'pin' | 'phone' | 'card' | 'iban' | 'ssn';

const pins = new Set(['pin', 'pincode']);
/** The digits that a pin has, in an argument as in a sentence. */
export const pinDigits = /^\d{4,8}$/;

export interface NameRules {
  /** Further names whose values are secrets. */
  readonly extra?: readonly string[];
  /** Whether what belongs to a person counts. */
  readonly personal?: boolean;
}

/** Tells what names say of their values; remembers the names it has seen, up to a maximum. */
export function createNameTest({
  extra = [],
  personal: isPersonal = true,
}: NameRules): (name: string) => NamedKind | undefined {
  const more = new Set(extra.map((name) => toWords(name).join('')));
  const seen = new Map<string, NamedKind | undefined>();
  return (name) => {
    if (name.length > nameCharactersMax) return undefined;
    if (seen.has(name)) return seen.get(name);
    const joined = toWords(name).join('');
    const isSecret = more.has(joined) || isSecretName(name);
    const found = isSecret
      ? 'secret'
      : pins.has(joined)
        ? 'pin'
        : isPersonal
          ? personal.get(joined)
          : undefined;
    if (seen.size >= namesMax) seen.clear();
    seen.set(name, found);
    return found;
  };
}

/** Whether a name alone says that its value is a secret. */
export function isSecretName(name: string): boolean {
  const words = toWords(name);
  const joined = words.join('');
  const last = words.at(-1) ?? '';
  if (whole.has(joined) || last === 'cookie' || last === 'authorization') return true;
  if (joined.endsWith('token')) return !placeWords.has(words.at(-2) ?? '');
  if (atTheEnd.some((ending) => joined.endsWith(ending))) return true;
  return !aboutWords.has(last) && anywhere.some((part) => joined.includes(part));
}

/** The words of a name; look-alike letters count as what they look like. */
export function toWords(name: string): string[] {
  return (toSkeleton(name)?.text ?? name)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
