import { eachFile, isSource, type Rule, type Tree, type Violation, withoutComments } from '../rule.ts';

/** Where credentials and lease tokens are checked. */
const guards = [/^master\/src\/keys\//, /^master\/src\/http\/auth[^/]*\.ts$/, /^master\/src\/dispatch\//];
const isGuard = (path: string) => isSource(path) && guards.some((pattern) => pattern.test(path));

const comparison = /([\w$.?[\]]+|'[^']*'|\))\s*[!=]==?\s*([\w$.?[\]]+|'[^']*'|"[^"]*")/g;
const secretName = /(?:token|secret|hash|credential|password|api_?key)$/i;
/** Literals tell nothing about a secret's bytes: absence, kind and length may be compared plainly. */
const plain = /^(?:undefined|null|true|false|\d+|'.*'|".*")$/;

function unsafeComparisons(text: string): string[] {
  return [...withoutComments(text).matchAll(comparison)].flatMap(([whole, left = '', right = '']) => {
    if (plain.test(left) || plain.test(right)) return [];
    return secretName.test(left) || secretName.test(right)
      ? [`"${whole}" leaks by its timing: use timingSafeEqual`]
      : [];
  });
}

/** Where keys are kept there must be a constant-time compare at all. */
function missingCompare(tree: Tree): Violation[] {
  const files = [...tree.files].filter(([path]) => isGuard(path));
  const checksKeys = files.some(([path]) => path.startsWith('master/src/keys/'));
  return checksKeys && !files.some(([, text]) => /\btimingSafeEqual\(/.test(text))
    ? ['master/src/keys: no file calls timingSafeEqual']
    : [];
}

export const secretRules: readonly Rule[] = [
  {
    sentence: 'Keys, tokens and their hashes are compared in constant time only',
    check: (tree) => [...eachFile(tree, isGuard, unsafeComparisons), ...missingCompare(tree)],
    planted: [
      { 'master/src/keys/check.ts': 'timingSafeEqual(a, b); if (row.hash === given) return row;' },
      { 'master/src/http/auth.ts': 'return token !== expected.token;' },
      { 'master/src/dispatch/renew.ts': 'if (attempt.token === held.token) renew();' },
      { 'master/src/keys/check.ts': 'return find(hash);' },
    ],
    allowed: [
      { 'master/src/keys/check.ts': "if (token === undefined || token === '') return; timingSafeEqual(a, b);" },
      { 'master/src/jobs/submit.ts': 'if (artifact.sha256 === found) a();' },
    ],
  },
];
