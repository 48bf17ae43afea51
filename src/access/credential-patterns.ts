/**
 * What credentials of the well-known issuers look like: a beginning that nothing else has, then a run of characters.
 * These are found wherever they stand, also joined from two values.
 */
import type { SecretPattern } from './secret-patterns.ts';

/** In the order in which they are tried. */
export const credentialPatterns: readonly SecretPattern[] = [
  {
    kind: 'pem',
    hint: /-----BEGIN /,
    expression: /-----BEGIN [A-Z0-9 ]{1,60}-----[^]*?(?:-----END [A-Z0-9 ]{1,60}-----|$)/g,
  },
  {
    kind: 'jwt',
    hint: /eyJ/,
    expression: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){2,8}/g,
  },
  { kind: 'aws', hint: /A[KS]IA/, expression: /(?<![A-Z0-9])A[KS]IA[A-Z0-9]{16}(?![A-Z0-9])/g },
  { kind: 'github', hint: /gh[pousr]_/, expression: /gh[pousr]_[A-Za-z0-9]{30,}/g },
  { kind: 'github', hint: /github_pat_/, expression: /github_pat_[A-Za-z0-9_]{22,}/g },
  {
    kind: 'gitlab',
    hint: /gl[a-z]{2,5}-/,
    expression: /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|oas|cbt|ft|soat|agent)-[A-Za-z0-9_-]{20,}/g,
  },
  { kind: 'slack', hint: /xox[a-z]-|xapp-/, expression: /(?:xox[abceoprs]|xapp)-[A-Za-z0-9-]{10,}/g },
  {
    kind: 'slack',
    hint: /hooks\.slack\.com/,
    expression: /(hooks\.slack\.com\/services\/)([A-Za-z0-9/]{20,})/g,
  },
  {
    kind: 'stripe',
    hint: /_live_|_test_|whsec_/,
    expression: /(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9]{10,}/g,
  },
  { kind: 'ai', hint: /sk-/, expression: /(?<![A-Za-z0-9])sk-(?=[A-Za-z_-]{0,80}[0-9])[A-Za-z0-9_-]{20,}/g },
  { kind: 'google', hint: /AIza/, expression: /AIza[A-Za-z0-9_-]{35}/g },
  { kind: 'google', hint: /ya29\.|GOCSPX-/, expression: /(?:ya29\.|GOCSPX-)[A-Za-z0-9_-]{20,}/g },
  { kind: 'npm', hint: /npm_/, expression: /npm_[A-Za-z0-9]{36,}/g },
  { kind: 'pypi', hint: /pypi-/, expression: /pypi-[A-Za-z0-9_-]{50,}/g },
  { kind: 'huggingface', hint: /hf_/, expression: /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,}/g },
  { kind: 'sendgrid', hint: /SG\./, expression: /SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/g },
  { kind: 'digitalocean', hint: /do[opr]_v1_/, expression: /do[opr]_v1_[a-f0-9]{32,}/g },
  { kind: 'age', hint: /[Aa][Gg][Ee]-[Ss]/, expression: /AGE-SECRET-KEY-1[0-9A-Z]{50,}/gi },
  { kind: 'telegram', hint: /\d:A/, expression: /(?<![\w:])\d{8,10}:A[A-Za-z0-9_-]{34}(?![\w-])/g },
  {
    kind: 'discord',
    hint: /[MNO][A-Za-z0-9_-]{22}/,
    expression: /(?<![\w.-])[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}/g,
  },
  { kind: 'shopify', hint: /shp/, expression: /(?<![A-Za-z0-9])shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}/g },
  { kind: 'square', hint: /sq0/, expression: /(?<![A-Za-z0-9])sq0[a-z]{3}-[A-Za-z0-9_-]{22,}/g },
  {
    kind: 'twilio',
    hint: /(?:SK|AC)[0-9a-f]{8}/,
    expression: /(?<![A-Za-z0-9])(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])/g,
  },
  { kind: 'mailgun', hint: /key-/, expression: /(?<![A-Za-z0-9-])key-[0-9a-f]{32}(?![A-Za-z0-9])/g },
  { kind: 'databricks', hint: /dapi/, expression: /(?<![A-Za-z0-9])dapi[0-9a-f]{32}/g },
  {
    kind: 'vendor',
    hint: /lin_|ntn_|secret_|ATATT|dp\.|hvs\.|hvb\.|NRAK-|glc_|glsa_|figd_|dckr_pat_|sbp_|pscale_|rubygems_|xkeysib-|fm[12]_|drey_|ctx_/,
    expression:
      /(?<![A-Za-z0-9])(?:lin_(?:api|oauth)_|ntn_|secret_|ATATT3x|dp\.(?:pt|st|ct)\.|hv[sb]\.|NRAK-|glc_|glsa_|figd_|dckr_pat_|sbp_|pscale_(?:tkn|oauth|pw)_|rubygems_|xkeysib-|fm[12]_|(?:drey|ctx)_[a-z]{1,12}_)[A-Za-z0-9_=-]{20,}/g,
  },
];
