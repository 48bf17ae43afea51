/**
 * What people call a secret when they speak of it, spelt out: the rules of `told-secrets.ts` and the quick look before
 * them (`suspicion.ts`) are both made of these lists, so that the look can never miss what a rule would find.
 */

const codes = ['one time', 'one-time', 'access', 'door', 'gate', 'alarm', 'security', 'verification'];

/** Passwords; none of them is part of another word, so that they may end a longer one ("Benutzerkennwort"). */
export const joinedNouns: readonly string[] = ['passwort', 'kennwort', 'wachtwoord'];

/** Passwords that are one only as words of their own: "enclave" and "resenha" are something else. */
export const passwordNouns: readonly string[] = [
  'pass word',
  'pass phrase',
  'pass code',
  'geheimzahl',
  'zugangscode',
  'mot de passe',
  'contraseña',
  'contrasena',
  // "Clave" alone is any key of a table as well.
  'clave de acceso',
  'clave secreta',
  'clave wifi',
  'clave del wifi',
  'clave de la red',
  'senha',
  'hasło',
  // Cyrillic letters that look like Latin ones are read as these.
  'пapoль',
  ...codes.flatMap((code) => [`${code} code`, `${code} password`]),
];

export const keyNouns: readonly string[] = ['api key', 'access key'];

/** Numbers; "pin" is a part of hardware as well. */
export const pinNouns: readonly string[] = ['pin', 'otp', 'cvv', 'cvc'];

/** In scripts without spaces. */
export const unspacedNouns: readonly string[] = [
  '密码',
  '密碼',
  '口令',
  'パスワード',
  '暗証番号',
  '비밀번호',
];

/** What is made of several plain words. */
export const phraseNouns: readonly string[] = ['passphrase', 'pass phrase', 'seed phrase', 'recovery phrase'];

/** All of them, in small letters. */
export const toldNouns: readonly string[] = [
  ...joinedNouns,
  ...passwordNouns,
  ...keyNouns,
  ...pinNouns,
  ...phraseNouns,
  ...unspacedNouns,
];
